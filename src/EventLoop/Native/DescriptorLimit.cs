namespace EventLoop.Native;

/// <summary>Knows how many files and sockets this process may have open.</summary>
internal static class DescriptorLimit
{
    private const int OpenFiles = 7;

    internal static unsafe string Text
    {
        get
        {
            nuint* softAndHard = stackalloc nuint[2];
            return OperatingSystem.IsLinux() && Libc.Limit(OpenFiles, softAndHard) == 0
                ? $"this process may have {softAndHard[0]} open at once, files and sockets together"
                : "this process, or the system, has as many open as it may";
        }
    }
}
