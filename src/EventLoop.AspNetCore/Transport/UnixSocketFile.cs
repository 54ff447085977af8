using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.AspNetCore.Transport;

/// <summary>The file of a Unix socket, which is removed by whoever has made it, and by nobody else.</summary>
internal sealed class UnixSocketFile
{
    private readonly string path;
    private readonly SocketFile? own;

    private UnixSocketFile(string path)
    {
        this.path = path;
        own = SocketFile.Find(path, followsLinks: false);
    }

    /// <summary>The file of a socket that was just bound; null: it has none.</summary>
    internal static UnixSocketFile? Of(UnixDomainSocketEndPoint endPoint) =>
        endPoint.ToString() is { Length: > 0 } path && path[0] is not ('\0' or '@') ? new UnixSocketFile(path) : null;

    internal void Remove() => Unix.RemoveOwn(path, own);
}
