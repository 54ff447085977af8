using System.Net;
using System.Net.Sockets;
using EventLoop.Native;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Polling;

/// <summary>One non-blocking socket: a <see cref="StreamDevice"/> that can be bound, connected and
/// accepted from, and moves datagrams. Loop thread only.</summary>
internal abstract class SocketDevice : StreamDevice
{
    // The system reports a broken connection once, to whichever call comes first; the next receive would look like an orderly end.
    private int brokenBy;

    internal bool IsTcp { get; init; }

    /// <summary>Whether somebody else has set it up, and may have put a layer on top of it that ends receives anywhere (TLS in the kernel at each
    /// record).</summary>
    internal bool IsForeign { get; init; }

    /// <summary>Whether a short receive proves that nothing is left: for plain TCP only.</summary>
    internal sealed override bool ShortMeansEmpty => IsTcp && !IsForeign;

    /// <summary>Passes on the result of a send, noting errors.</summary>
    protected int SendAnswer(int answer)
    {
        if (answer < 0 && answer != WouldBlock)
        {
            Note(answer);
        }

        return answer;
    }

    /// <summary>Passes on the result of a nonempty receive, noting errors.</summary>
    protected int ReceiveAnswer(int answer) => answer == 0 ? brokenBy : SendAnswer(answer);

    // For a datagram socket each of these concerns one datagram.
    private void Note(int answer)
    {
        if (ToError(answer) is SocketError.ConnectionReset
            || (IsTcp
                && ToError(answer) is SocketError.ConnectionAborted or SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable))
        {
            brokenBy = answer;
        }
    }

    /// <summary>Sends part of a file. The file's own position is neither used nor moved.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal abstract int SendFile(SafeFileHandle file, long offset, int count);

    /// <summary>Sends part of a file through this process, where the system has no shorter way; at least part of a block is sent.</summary>
    protected int SendByReading(SafeFileHandle file, long offset, int count)
    {
        Span<byte> buffer = stackalloc byte[16 * 1024];
        int read = FileReads.Read(file, buffer[..Math.Min(buffer.Length, count)], offset);
        return read == 0 ? 0 : Send(buffer[..read]);
    }

    /// <summary>The same socket as an object of .NET's, to be asked and for its options; it is disposed with this one. Any thread.</summary>
    /// <returns>Null: it is closed, or is no socket of the system's.</returns>
    /// <exception cref="SocketException">There are no descriptors left.</exception>
    internal virtual Socket? AsSocket() => null;

    /// <summary>Starts its way to another loop; nobody has waited for it yet. Until it has arrived there it can only be closed, on any thread.</summary>
    internal virtual void Leave() => throw new NotSupportedException("A socket of this kind stays on its loop.");

    /// <summary>Ends its way at the loop of this poller, which is of the same kind as the one that it left.</summary>
    internal virtual void Join(IPoller poller) => throw new NotSupportedException("A socket of this kind stays on its loop.");

    internal abstract SocketError Bind(EndPoint endPoint);

    internal abstract SocketError Listen(int backlog);

    internal abstract SocketError Accept(out SocketDevice? accepted);

    /// <summary>Success, an error, or WouldBlock: in progress, and <see cref="FinishConnect"/> tells the result once it is writable.</summary>
    internal abstract SocketError Connect(EndPoint endPoint);

    /// <summary>Reads and clears the pending error: for a connect in progress only, because it would hide a reset from a connected socket.</summary>
    internal abstract SocketError FinishConnect();

    internal abstract SocketError ShutdownSend();

    /// <summary>Whether the peer sees a reset if this is closed while there is unread input: true of the system's streams.</summary>
    internal virtual bool ResetsOverUnread => false;

    /// <summary>Whether the peer may lose what was sent to it if this is closed while unread input is there, or comes later: true of TCP.</summary>
    internal virtual bool MayLoseAtClose => false;

    /// <summary>How many bytes the peer's system does not have yet of what was sent, where the end of the sending side may count as one; null if this system
    /// does not say.</summary>
    internal virtual int? Unacknowledged => 0;

    internal abstract int ReceiveFrom(Span<byte> buffer, SocketAddress from, out bool truncated);

    internal abstract int SendTo(ReadOnlySpan<byte> datagram, SocketAddress? to);

    /// <summary>Receives as many as have arrived; the result is their number.</summary>
    internal abstract int ReceiveBatch(Span<Datagram> datagrams);

    /// <summary>Sends in order; the result is how many were accepted.</summary>
    internal abstract int SendBatch(ReadOnlySpan<Datagram> datagrams);

    internal abstract SocketError Set(SocketSetting setting, int value);

    internal abstract EndPoint? LocalEndPoint { get; }

    internal abstract EndPoint? RemoteEndPoint { get; }
}
