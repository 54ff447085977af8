using System.Runtime.InteropServices;

namespace EventLoop.Native;

// Files.
internal static unsafe partial class Libc
{
    // By number, because C libraries have no wrapper, or got one late. Those from 424 on are the same on every architecture.
    internal const int OpenAt2 = 437;
    internal const int CacheStatistics = 451;

    /// <summary>Minus one where it is not known.</summary>
    internal static readonly int ReadVectorsAt = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 327,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 286,
        _ => -1,
    };

    private static readonly int StatusNumber = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 332,
        Architecture.X86 or Architecture.Ppc64le => 383,
        Architecture.Arm or Architecture.Armv6 => 397,
        Architecture.S390x => 379,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 291,
        _ => -1,
    };

    // glibc has it since 2.28, musl since 1.2.5.
    private static readonly delegate* unmanaged<int, byte*, int, uint, byte*, int> KnownStatus =
        (delegate* unmanaged<int, byte*, int, uint, byte*, int>)Find("statx");

    internal static int Status(int folder, byte* path, int flags, uint mask, byte* status) =>
        KnownStatus != null ? KnownStatus(folder, path, flags, mask, status) : StatusByNumber(folder, path, flags, mask, status);

    internal static int StatusByNumber(int folder, byte* path, int flags, uint mask, byte* status) =>
        (int)SystemCall(StatusNumber, folder, (nint)path, flags, (nint)mask, (nint)status, 0);

    [LibraryImport(Name, EntryPoint = "fstatfs")]
    internal static partial int FileSystemStatus(int descriptor, byte* status);

    [LibraryImport(Name, EntryPoint = "madvise")]
    internal static partial int Advise(nuint start, nuint length, int advice);

    [LibraryImport(Name, EntryPoint = "flock")]
    internal static partial int Lock(int descriptor, int operation);
}

/// <summary>struct open_how.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenHow
{
    internal ulong Flags;
    internal ulong Mode;
    internal ulong Resolve;
}

/// <summary>struct cachestat_range.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CachedRange
{
    internal ulong Offset;
    internal ulong Length;
}

/// <summary>struct cachestat, in pages.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CachedPages
{
    internal ulong Cached;
    internal ulong Dirty;
    internal ulong InWriteback;
    internal ulong Evicted;
    internal ulong RecentlyEvicted;
}
