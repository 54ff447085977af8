namespace EventLoop.Native;

/// <summary>Memory in large pages, where the system gives them to those who ask (which is how most of them are set up): what is filled once and read once
/// costs more by its page faults than by its copying.</summary>
internal static unsafe class LargePages
{
    private const int Least = 4 * 1024 * 1024;      // from here on there are some in it, and the collector does not move it
    private const int Advice = 14;

    /// <summary>Asks for large pages under an array that nobody has touched yet. Advice: it may come to nothing.</summary>
    internal static byte[] Under(byte[] array)
    {
        if (array.Length >= Least)
        {
            fixed (byte* start = array)
            {
                nuint page = (nuint)Environment.SystemPageSize, from = ((nuint)start + page - 1) / page * page;
                _ = Libc.Advise(from, ((nuint)start + (nuint)array.Length - from) / page * page, Advice);
            }
        }

        return array;
    }
}
