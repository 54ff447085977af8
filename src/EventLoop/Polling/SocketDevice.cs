using System.Net;
using System.Net.Sockets;
using EventLoop.Native;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Polling;

/// <summary>One non-blocking socket: a <see cref="StreamDevice"/> that can be bound, connected and
/// accepted from, and moves datagrams. Loop thread only.</summary>
internal abstract class SocketDevice : StreamDevice
{
    // The system tells of a broken connection once, to whichever call comes first; the next receive would look like a clean end.
    private int brokenBy;

    internal bool IsTcp { get; init; }

    /// <summary>Whether somebody else has set it up, and may have put something on top of it that ends a
    /// receive where it likes (TLS in the kernel at each record).</summary>
    internal bool IsForeign { get; init; }

    /// <summary>Whether a short receive proves that nothing is left: for plain TCP only.</summary>
    internal sealed override bool ShortMeansEmpty => IsTcp && !IsForeign;

    /// <summary>What a send answers passes through here.</summary>
    protected int SendAnswer(int answer)
    {
        if (answer < 0 && answer != WouldBlock)
        {
            Note(answer);
        }

        return answer;
    }

    /// <summary>What a receive of more than nothing answers passes through here.</summary>
    protected int ReceiveAnswer(int answer) => answer == 0 ? brokenBy : SendAnswer(answer);

    // Of a datagram socket each of these concerns one datagram.
    private void Note(int answer)
    {
        if (ToError(answer) is SocketError.ConnectionReset
            || (IsTcp
                && ToError(answer) is SocketError.ConnectionAborted or SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable))
        {
            brokenBy = answer;
        }
    }

    /// <summary>The file's own position is not used and not moved.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal abstract int SendFile(SafeFileHandle file, long offset, int count);

    /// <summary>A file by way of this process, where the system knows no shorter one; part of a block goes at least.</summary>
    protected int SendByReading(SafeFileHandle file, long offset, int count)
    {
        Span<byte> buffer = stackalloc byte[16 * 1024];
        int read = FileReads.Read(file, buffer[..Math.Min(buffer.Length, count)], offset);
        return read == 0 ? 0 : Send(buffer[..read]);
    }

    /// <summary>On its way to another loop; nobody has waited for it yet. Until it has come there it can only be closed, on whichever thread.</summary>
    internal virtual void Leave() => throw new NotSupportedException("A socket of this kind stays on its loop.");

    /// <summary>It has come to the loop of this poller, of the same kind as the one that it left.</summary>
    internal virtual void Join(IPoller poller) => throw new NotSupportedException("A socket of this kind stays on its loop.");

    internal abstract SocketError Bind(EndPoint endPoint);

    internal abstract SocketError Listen(int backlog);

    internal abstract SocketError Accept(out SocketDevice? accepted);

    /// <summary>Success, an error, or WouldBlock: under way, and <see cref="FinishConnect"/> says how it went once it is writable.</summary>
    internal abstract SocketError Connect(EndPoint endPoint);

    /// <summary>Reads and clears the pending error: for a connect under way only, because it would hide a reset from a connected socket.</summary>
    internal abstract SocketError FinishConnect();

    internal abstract SocketError ShutdownSend();

    /// <summary>Whether the peer meets a reset when this is closed while there is input that nobody has read: true of the system's streams.</summary>
    internal virtual bool ResetsOverUnread => false;

    /// <summary>Whether the peer may lose what was sent to it when this is closed while input that
    /// nobody has read is there, or comes later: true of TCP.</summary>
    internal virtual bool MayLoseAtClose => false;

    /// <summary>Whether the peer's system has everything that was sent, asked when the sending side was ended; null where this system does not tell.</summary>
    internal virtual bool? IsAcknowledged => true;

    internal abstract int ReceiveFrom(Span<byte> buffer, SocketAddress from, out bool truncated);

    internal abstract int SendTo(ReadOnlySpan<byte> datagram, SocketAddress? to);

    /// <summary>As many as there are now; the answer is their number.</summary>
    internal abstract int ReceiveBatch(Span<Datagram> datagrams);

    /// <summary>In order; the answer is how many were taken.</summary>
    internal abstract int SendBatch(ReadOnlySpan<Datagram> datagrams);

    internal abstract SocketError Set(SocketSetting setting, int value);

    internal abstract EndPoint? LocalEndPoint { get; }

    internal abstract EndPoint? RemoteEndPoint { get; }
}
