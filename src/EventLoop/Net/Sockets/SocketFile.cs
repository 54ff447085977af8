using System.Text;
using EventLoop.Native;

namespace EventLoop.Net.Sockets;

/// <summary>Identifies the file that a path leads to, and says whether it is a socket, which .NET's file functions do not tell.</summary>
internal readonly record struct SocketFile(uint Major, uint Minor, ulong Inode, bool IsSocket)
{
    // <linux/stat.h> and <fcntl.h>; the same on every architecture.
    private const int CurrentFolder = -100;
    private const int NoFollow = 0x100;
    private const uint BasicStatus = 0x7FF;
    private const int StatusSize = 256;
    private const int ModeAt = 28;
    private const int InodeAt = 32;
    private const int MajorAt = 136;
    private const int MinorAt = 140;
    private const int TypeMask = 0xF000;
    private const int SocketType = 0xC000;

    /// <summary>Null where there is no file, and on systems other than Linux.</summary>
    internal static unsafe SocketFile? Find(string path, bool followsLinks)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        byte* buffer = stackalloc byte[StatusSize];
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            if (Libc.Status(CurrentFolder, name, followsLinks ? 0 : NoFollow, BasicStatus, buffer) != 0)
            {
                return null;
            }
        }

        var status = new ReadOnlySpan<byte>(buffer, StatusSize);
        return new SocketFile(
            BitConverter.ToUInt32(status[MajorAt..]), BitConverter.ToUInt32(status[MinorAt..]), BitConverter.ToUInt64(status[InodeAt..]),
            (BitConverter.ToUInt16(status[ModeAt..]) & TypeMask) == SocketType);
    }
}
