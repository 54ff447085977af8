namespace EventLoop.Native;

/// <summary>Pins threads to processors, where the system supports it.</summary>
internal static unsafe class ThreadAffinity
{
    private const int MostProcessors = 4096;

    /// <summary>Pins the calling thread to one of the processors that it may use; the numbers wrap around.</summary>
    /// <returns>False: this system does not support it.</returns>
    internal static bool PinCurrentThread(int number)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        var allowed = new byte[MostProcessors / 8];
        fixed (byte* mask = allowed)
        {
            if (Libc.GetAffinity(0, (nuint)allowed.Length, mask) < 0)
            {
                return false;
            }
        }

        var processors = new List<int>();
        for (int i = 0; i < MostProcessors; i++)
        {
            if ((allowed[i / 8] & (1 << (i % 8))) != 0)
            {
                processors.Add(i);
            }
        }

        int own = processors[number % processors.Count];
        Array.Clear(allowed);
        allowed[own / 8] = (byte)(1 << (own % 8));
        fixed (byte* mask = allowed)
        {
            return Libc.SetAffinity(0, (nuint)allowed.Length, mask) == 0;
        }
    }
}
