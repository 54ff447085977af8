using Microsoft.Win32.SafeHandles;

namespace EventLoop.Native;

/// <summary>What can be read of an open file without waiting for its disk.</summary>
internal static unsafe class CachedFile
{
    /// <summary>It is not in the system's memory, or cannot be read this way for another reason: a plain read waits, or reports the reason.</summary>
    internal const int NotAtHand = -1;

    /// <summary>This file can never be read this way: its file system (overlay, network), or this system, does not support it.</summary>
    internal const int Unsupported = -2;

    // Linux 5.9 and 5.10 may report the end of a file in its middle (preadv2(2), BUGS).
    private static readonly bool MayEndTooEarly = IsUncertain(Environment.OSVersion.Version);

    private const int NoWait = 0x8;
    private const int SampleDistance = 64 * 1024;

    /// <summary>Reads what is in the system's memory (preadv2 with RWF_NOWAIT). Any thread.</summary>
    /// <returns>The number of bytes, zero at the end, or one of the two constants.</returns>
    internal static int TryRead(SafeFileHandle file, Span<byte> into, long offset)
    {
        if (!OperatingSystem.IsLinux() || Libc.ReadVectorsAt < 0)
        {
            return Unsupported;
        }

        bool referenced = false;
        try
        {
            file.DangerousAddRef(ref referenced);
            fixed (byte* start = into)
            {
                return TryRead((int)file.DangerousGetHandle(), start, into.Length, offset);
            }
        }
        finally
        {
            if (referenced)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>Whether a part of a file is in the system's memory; null: unknown. Any thread.</summary>
    /// <remarks>The system is asked about the whole part where it answers (cachestat, Linux 6.5; for files that one owns or may write), and otherwise about a
    /// sample of one byte in 64 KiB.</remarks>
    internal static bool? IsAtHand(SafeFileHandle file, long offset, long count)
    {
        if (!OperatingSystem.IsLinux() || Libc.ReadVectorsAt < 0 || count == 0)
        {
            return count == 0 ? true : null;
        }

        bool referenced = false;
        try
        {
            file.DangerousAddRef(ref referenced);
            int descriptor = (int)file.DangerousGetHandle();
            return CountCached(descriptor, offset, count) is not { } cached ? Sample(descriptor, offset, count)
                : cached >= CountPages(offset, count) || cached >= CountPages(offset, FileFacts.Of(descriptor)?.Length - offset ?? count) ? true
                : DoesNotKnow(descriptor, offset);
        }
        finally
        {
            if (referenced)
            {
                file.DangerousRelease();
            }
        }
    }

    internal static bool IsUncertain(Version kernel) => kernel is { Major: 5, Minor: 9 or 10 };

    // Null: the system does not say.
    private static long? CountCached(int descriptor, long offset, long count)
    {
        var range = new CachedRange { Offset = (ulong)offset, Length = (ulong)count };
        CachedPages pages;
        return Libc.SystemCall(Libc.CacheStatistics, descriptor, (nint)(&range), (nint)(&pages), 0, 0, 0) == 0 ? (long)pages.Cached : null;
    }

    private static long CountPages(long offset, long count)
    {
        long page = Environment.SystemPageSize;
        return count <= 0 ? 0 : ((offset + count - 1) / page) - (offset / page) + 1;
    }

    // An overlay file system has no pages of its own.
    private static bool? DoesNotKnow(int descriptor, long offset)
    {
        byte sample;
        return TryRead(descriptor, &sample, 1, offset) == Unsupported ? null : false;
    }

    private static bool? Sample(int descriptor, long offset, long count)
    {
        byte sample;
        for (long at = offset; ; at = Math.Min(at + SampleDistance, offset + count - 1))
        {
            int read = TryRead(descriptor, &sample, 1, at);
            if (read <= 0 || at >= offset + count - 1)
            {
                return read == Unsupported ? null : read >= 0;
            }
        }
    }

    private static int TryRead(int descriptor, byte* into, int count, long offset)
    {
        var vector = new IoVector(into, count);
        nint read;
        do
        {
            read = Libc.SystemCall(Libc.ReadVectorsAt, descriptor, (nint)(&vector), 1, (nint)offset, 0, NoWait);
        }
        while (read < 0 && Libc.LastError == Errno.Interrupted);
        if (read == 0 && count > 0 && MayEndTooEarly && FileFacts.Of(descriptor) is { IsRegular: true, Length: var length } && offset < length)
        {
            return NotAtHand;
        }

        return read >= 0 ? (int)read : Libc.LastError is Errno.NotSupported or Errno.NotImplemented ? Unsupported : NotAtHand;
    }
}
