using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Polling;

/// <summary>
/// One non-blocking socket: the seam between <c>Net</c> and the operating system. Every call answers at once; what moves bytes answers a count, or
/// minus a <see cref="SocketError"/>, <see cref="WouldBlock"/> when it has to be tried again after <see cref="Arm"/> and
/// <see cref="ISocketOwner.OnReady"/>. Calls that a signal interrupted are repeated here. Loop thread only.
/// </summary>
internal abstract class SocketDevice : PollSource
{
    internal const int WouldBlock = -(int)SocketError.WouldBlock;

    // .NET's "some error" is -1, and minus that would be a count.
    private const int SomeError = int.MinValue;

    /// <summary>An error as an answer of a call that moves bytes: negative, whatever it is; zero for success.</summary>
    internal static int Answer(SocketError error) => error == SocketError.SocketError ? SomeError : -(int)error;

    /// <summary>The error that a negative answer stands for.</summary>
    internal static SocketError ToError(int answer) => answer == SomeError ? SocketError.SocketError : (SocketError)(-answer);

    // The system tells of a broken connection once, to whichever call comes first; the next receive would look like a clean end.
    private int brokenBy;

    /// <summary>Told when it becomes ready.</summary>
    internal ISocketOwner? Owner;

    internal bool IsTcp { get; init; }

    /// <summary>Somebody else has set it up, and may have put something on top of it that ends a receive where it likes (TLS in the kernel at each record).</summary>
    internal bool IsForeign { get; init; }

    /// <summary>A receive that did not fill its buffer has taken all there was, unless an end or urgent data are known of. True of plain TCP only.</summary>
    internal bool ShortMeansEmpty => IsTcp && !IsForeign;

    internal sealed override void OnReady(Readiness readiness) => Owner?.OnReady(readiness);

    /// <summary>The owner waits: from now on it is told. What becomes ready in between is not lost.</summary>
    /// <exception cref="SocketException">The system has no room for another registration.</exception>
    internal abstract void Arm(Readiness interest);

    internal abstract int Receive(Span<byte> buffer);

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
            || (IsTcp && ToError(answer) is SocketError.ConnectionAborted or SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable))
        {
            brokenBy = answer;
        }
    }

    /// <summary>Whether a receive or an accept would have an answer now: bytes, a connection, the end or an error. It takes none of them.</summary>
    internal abstract bool IsReadable { get; }

    internal abstract int Send(ReadOnlySpan<byte> bytes);

    /// <summary>One system call for all of them, at most <see cref="MostVectors"/>, where the system has such a call; here one for each.</summary>
    internal virtual int Send(ReadOnlySpan<IoVector> vectors)
    {
        int total = 0;
        foreach (var vector in vectors)
        {
            int count = Send(vector.Span);
            if (count < 0)
            {
                return total > 0 ? total : count;
            }

            total += count;
            if (count < vector.Span.Length)
            {
                break;
            }
        }

        return total;
    }

    internal const int MostVectors = 64;

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

    /// <summary>Whether the peer may lose what was sent to it when this is closed while input that nobody has read is there, or comes later: true of TCP.</summary>
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

    /// <summary>Leaves the poller, then closes.</summary>
    /// <param name="abort">With a reset instead of an orderly end; what was not sent yet is dropped.</param>
    internal abstract void Close(bool abort);
}

/// <summary>Who waits for a device.</summary>
internal interface ISocketOwner
{
    /// <summary>Inside the poll, with no context: runs no user code and does not throw.</summary>
    void OnReady(Readiness readiness);

    /// <summary>The loop is closed, and with it everything it watched.</summary>
    void OnLoopClosed();
}
