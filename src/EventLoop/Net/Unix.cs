using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>Unix sockets, by path, or in Linux's abstract namespace by a name that begins with a zero character. asyncio: <c>open_unix_connection</c>,
/// <c>start_unix_server</c>.</summary>
public static class Unix
{
    /// <summary>Connects to a socket on this machine.</summary>
    /// <param name="path">"\0name" for an abstract address.</param>
    /// <returns>The connection, which the caller disposes.</returns>
    /// <remarks>If the server's backlog is full, the attempt is repeated until it accepts the connection. <b>Cancellation:</b> ends the attempt.</remarks>
    /// <exception cref="ArgumentException">The path is too long for a socket.</exception>
    /// <exception cref="SocketException">Nobody listens there; the path is in the message.</exception>
    public static async Coroutine<Connection> ConnectAsync(string path)
    {
        var endPoint = EndPointOf(path);
        for (int delay = 1; ; delay = Math.Min(delay * 2, 50))
        {
            try
            {
                return await Tcp.Attempt(endPoint, new ConnectOptions());
            }
            catch (SocketException busy) when (busy.SocketErrorCode == SocketError.TryAgain)
            {
            }
            catch (SocketException missing) when (missing.SocketErrorCode == SocketError.AddressNotAvailable)
            {
                throw new SocketException((int)SocketError.AddressNotAvailable, $"connect to unix:{path} failed: there is no socket with this name");
            }

            await Loop.Sleep(delay);
        }
    }

    /// <summary>Listens, and runs <paramref name="handler"/> in a task of its own for each connection, which is disposed when the handler ends.</summary>
    /// <param name="path">"\0name" for an abstract address. A socket file that a dead server left is replaced, and the server removes its own when it stops
    /// (with the portable poller: whatever is there).</param>
    /// <param name="handler">An exception goes to the loop's exception handler.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The server, which is accepting already.</returns>
    /// <exception cref="ArgumentException">The path is too long for a socket.</exception>
    /// <exception cref="SocketException">Somebody listens there, or the file is not a socket.</exception>
    [OverloadResolutionPriority(1)]
    public static Server Listen(string path, Func<Connection, Coroutine> handler, ListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        options ??= new ListenOptions();
        var core = LoopCore.Required;             // before a file is removed
        var (device, onClosed) = OpenListener(core, path, options);
        return new Server(new LoopSocket(core, device), handler, options, onClosed);
    }

    /// <summary>A listening device, and what has to be done when it is closed.</summary>
    internal static (SocketDevice Device, Action? OnClosed) OpenListener(LoopCore core, string path, ListenOptions options)
    {
        var endPoint = EndPointOf(path);
        bool isFile = path[0] != '\0';
        if (isFile)
        {
            RemoveStale(path, endPoint);
        }

        SocketDevice device;
        try
        {
            device = SocketFactory.OpenListener(core, endPoint, options);
        }
        catch (SocketException missing) when (missing.SocketErrorCode == SocketError.AddressNotAvailable && isFile)
        {
            throw new SocketException((int)SocketError.AddressNotAvailable, $"bind to unix:{path} failed: there is no such folder");
        }

        var own = isFile ? SocketFile.Find(path, followsLinks: false) : null;
        return (device, isFile ? () => RemoveOwn(path, own) : null);
    }

    /// <inheritdoc cref="Listen(string, Func{Connection, Coroutine}, ListenOptions?)"/>
    public static Server Listen(string path, Func<Connection, Task> handler, ListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Listen(path, async Coroutine (connection) => await handler(connection), options);
    }

    private static UnixDomainSocketEndPoint EndPointOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new ArgumentException($"'{path}' is too long for a Unix socket, whose name has about 107 bytes. Use a shorter path.", nameof(path));
        }
    }

    // A file with nobody behind it refuses connections; only such a file is removed.
    internal static void RemoveStale(string path, EndPoint endPoint)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(path))
        {
            File.Delete(path);
        }
        catch (SocketException)
        {
            // In use, or not a socket: bind reports that.
        }
    }

    // Also a link to one, as in asyncio. Where the system cannot be asked: anything that may be one.
    private static bool IsSocket(string path) =>
        SocketFile.Find(path, followsLinks: true) is { } file ? file.IsSocket
        : File.GetAttributes(path).HasFlag(FileAttributes.ReparsePoint) || new FileInfo(path).Length == 0;

    // Another server may be listening there by now, with a file of its own; also where the own one had gone before it was looked at.
    internal static void RemoveOwn(string path, SocketFile? own)
    {
        try
        {
            if (own is null ? !OperatingSystem.IsLinux() : SocketFile.Find(path, followsLinks: false) == own)
            {
                File.Delete(path);
            }
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // It has gone together with its folder, or may no longer be removed by us.
        }
    }
}
