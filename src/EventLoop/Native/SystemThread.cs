using System.Runtime.InteropServices;

namespace EventLoop.Native;

/// <summary>The current thread as the system knows it.</summary>
internal static class SystemThread
{
    private static readonly nint GetThread = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 186,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 178,
        _ => 0,
    };

    /// <summary>The system's number of the calling thread; zero where none is known.</summary>
    internal static int Current => OperatingSystem.IsLinux() && GetThread != 0 ? (int)Libc.SystemCall(GetThread, 0, 0, 0, 0, 0, 0) : 0;
}
