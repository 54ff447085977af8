using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Native;

/// <summary>What the system says about a file.</summary>
/// <param name="Device">Identifies the file, together with the inode.</param>
/// <param name="Inode">Identifies the file, together with the device.</param>
/// <param name="Mode">Its kind and permissions.</param>
/// <param name="Length">The length in bytes.</param>
/// <param name="LastWriteTicks">The time of the last write in ticks, UTC.</param>
internal readonly record struct FileFacts(ulong Device, ulong Inode, ushort Mode, long Length, long LastWriteTicks)
{
    // <linux/stat.h> and <fcntl.h>; the same on every architecture.
    internal const int CurrentFolder = -100;
    private const int OfDescriptor = 0x1000;
    private const uint BasicStatus = 0x7FF;
    private const int StatusSize = 256;
    private const int TypeMask = 0xF000;

    internal bool IsRegular => (Mode & TypeMask) == 0x8000;

    /// <summary>Whether it is a file, or a whole disk.</summary>
    internal bool HasPositions => (Mode & TypeMask) is 0x8000 or 0x6000;

    internal bool IsFolder => (Mode & TypeMask) == 0x4000;

    /// <summary>Asks about an open file, which takes no time on a local file system. Null: the system does not answer.</summary>
    internal static unsafe FileFacts? Of(int descriptor)
    {
        byte nothing = 0;
        return Ask(descriptor, &nothing, OfDescriptor, out _);
    }

    /// <inheritdoc cref="Of(int)"/>
    internal static FileFacts? Of(SafeFileHandle file)
    {
        bool referenced = false;
        try
        {
            file.DangerousAddRef(ref referenced);
            return Of((int)file.DangerousGetHandle());
        }
        finally
        {
            if (referenced)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>Asks about an open file, on any system.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="path">Where it was opened, if that is known.</param>
    internal static FileFacts Of(SafeFileHandle file, string? path) => OperatingSystem.IsLinux() && Of(file) is { } facts
        ? facts
        : new FileFacts(0, 0, 0x8000, RandomAccess.GetLength(file), path is null ? File.GetLastWriteTimeUtc(file).Ticks : File.GetLastWriteTimeUtc(path).Ticks);

    /// <summary>Asks about what a path leads to, following links. It may wait for the disk. Null: there is nothing, or it may not be seen; the error says
    /// why.</summary>
    internal static unsafe FileFacts? Of(string path, out int error)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            return Ask(CurrentFolder, name, 0, out error);
        }
    }

    private static unsafe FileFacts? Ask(int folder, byte* path, int flags, out int error)
    {
        byte* buffer = stackalloc byte[StatusSize];
        if (Libc.Status(folder, path, flags, BasicStatus, buffer) != 0)
        {
            error = Libc.LastError;
            return null;
        }

        error = 0;
        var status = new ReadOnlySpan<byte>(buffer, StatusSize);
        long seconds = BitConverter.ToInt64(status[112..]);
        uint nanoseconds = BitConverter.ToUInt32(status[120..]);
        return new FileFacts(
            ((ulong)BitConverter.ToUInt32(status[136..]) << 32) | BitConverter.ToUInt32(status[140..]),
            BitConverter.ToUInt64(status[32..]),
            BitConverter.ToUInt16(status[28..]),
            BitConverter.ToInt64(status[40..]),
            Ticks(seconds, nanoseconds));
    }

    // File systems know times before the year 1 and after 9999.
    private static long Ticks(long seconds, uint nanoseconds)
    {
        const long MostSeconds = long.MaxValue / TimeSpan.TicksPerSecond / 2;
        long sinceEpoch = (Math.Clamp(seconds, -MostSeconds, MostSeconds) * TimeSpan.TicksPerSecond) + (nanoseconds / 100);
        return Math.Clamp(DateTime.UnixEpoch.Ticks + sinceEpoch, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks);
    }
}
