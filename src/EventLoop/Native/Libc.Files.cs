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
