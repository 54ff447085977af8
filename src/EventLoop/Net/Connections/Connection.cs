using System.IO.Pipelines;
using System.Net;
using EventLoop.Net.Connections;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>A stream connection: TCP or Unix, with or without TLS. asyncio: a <c>StreamReader</c> and a <c>StreamWriter</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> the loop's, for everything except <see cref="Abort"/>, <see cref="DisposeAsync"/> and the stream of <see cref="AsStream"/>.</para>
/// <para>One reader at a time; writes are queued in order. Input is buffered up to what was requested and one block more; output up to the high-water mark (64
/// KiB), beyond which a write or flush waits until less than the low-water mark (16 KiB) is left.</para>
/// <para><b>Cancellation:</b> a cancelled read has consumed nothing. A cancelled write that was sent in part breaks the sending direction; a cancelled flush
/// breaks nothing.</para>
/// <para><b>Cost:</b> reads, writes and flushes allocate nothing; an idle connection holds no buffer.</para>
/// </remarks>
public sealed partial class Connection : IDuplexPipe, IAsyncDisposable, INamed
{
    private readonly LoopSocket socket;
    private readonly InputPipe input;
    private readonly OutputPipe output;
    private readonly End end;
    private const long LargestFileStep = 2 * 1024 * 1024;      // nginx's sendfile_max_chunk
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private PipeStream? stream;
    private bool closed;
    private LoopFuture? closing;       // an orderly close that takes time: always succeeds, when it is closed

    /// <summary>Makes a connection from a connected stream socket, which it owns from now on.</summary>
    /// <param name="socket">Belongs to the running loop.</param>
    public Connection(LoopSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        this.socket = socket;
        socket.OwnInput();
        end = new End(this);
        input = new InputPipe(end);
        output = new OutputPipe(end);
    }

    /// <summary>The input as a <see cref="PipeReader"/> that completes on the loop's thread.</summary>
    /// <remarks>A reset surfaces as <see cref="IOException"/>, never as a completed result.</remarks>
    public PipeReader Input => input;

    /// <summary>The output as a <see cref="PipeWriter"/> that completes on the loop's thread. A flush is one vectored send; Complete ends the sending
    /// direction.</summary>
    public PipeWriter Output => output;

    /// <summary>The local address.</summary>
    public EndPoint? LocalEndPoint => socket.LocalEndPoint;

    /// <summary>The peer's address.</summary>
    public EndPoint? RemoteEndPoint => socket.RemoteEndPoint;

    /// <summary>Whether small writes and flushes of one turn of the loop are sent together at its end, so that the responses to a pipeline of requests are one
    /// system call. Off by default.</summary>
    /// <remarks>
    /// Such a write completes at once, up to 16 KiB for the turn; if sending fails then, the next write throws. Larger ones, <see cref="DrainAsync"/>, files
    /// and the end of the sending direction are not delayed. A single message is sent later by whatever else the turn does, so leave it off where a connection
    /// has one message at a time.
    /// </remarks>
    public bool CoalescesWrites
    {
        get => output.Coalesces;
        set => output.Coalesces = value;
    }

    /// <summary>The underlying socket. Reading or writing it directly interferes with this connection's own buffers.</summary>
    public LoopSocket Socket => socket;

    /// <summary>Whether it was closed or aborted from this side.</summary>
    public bool IsClosed => closed || socket.IsClosed;

    /// <summary>What was written and not yet taken by the system: more than nothing for long means that the other side reads too slowly.</summary>
    public long UnsentBytes => output.Unsent + Transport.Unsent;

    /// <summary>The most that <see cref="UnsentBytes"/> has been after a write or flush.</summary>
    public long PeakUnsentBytes => output.PeakUnsent;

    internal LoopCore Core => socket.Core;

    internal Transport Transport
    {
        get => end.Transport;
        private set => end.Transport = value;
    }

    internal string Peer => socket.Peer;

    internal InputPipe In => input;

    internal OutputPipe Out => output;

    /// <summary>The connection as a stream, for libraries that need one; it may be used from any thread, and disposing it closes the connection.</summary>
    /// <remarks>Its reads and writes complete on the loop for callers on the loop, and elsewhere for others. Synchronous calls block, and throw on the loop's
    /// own thread.</remarks>
    public Stream AsStream() => stream ??= OpenStream(raw: false);

    /// <summary>Closes the connection at once with a reset: the peer gets an error, and what was not sent is dropped. Idempotent; any thread. asyncio:
    /// <c>transport.abort</c>.</summary>
    public void Abort() => OnLoop(static connection => connection.CloseNow(abort: true));

    /// <summary>
    /// Closes the connection. What was written still goes out, as long as the peer takes some of it within every five seconds; input that was not read is read
    /// and dropped. If the sending direction is broken, or not everything could be sent, the peer gets a reset. Idempotent; any thread. asyncio: <c>close</c>
    /// and <c>wait_closed</c>.
    /// </summary>
    /// <returns>Completes when the connection is closed, for every caller, also a second one.</returns>
    /// <remarks>
    /// It does not wait until the peer has read: closing ends when the peer's system has everything, or has ended its side; if the peer is in the middle of
    /// sending, a tenth of a second after the last of that. On the loop's own thread between two runs it closes at once if nothing is left to send, and
    /// otherwise leaves the rest to the next run.
    /// </remarks>
    public ValueTask DisposeAsync()
    {
        if (!ReferenceEquals(LoopCore.Running, Core))
        {
            return CloseFromOutside();
        }

        return Close() is { } end ? new ValueTask(end.AsTask()) : default;
    }

    /// <summary>Begins an orderly close. Returns a future that always succeeds, when it is closed; null: it is.</summary>
    internal LoopFuture? Close() => Close(CloseTimeout);

    /// <inheritdoc cref="Close()"/>
    /// <param name="period">How long a peer may take nothing of what is left.</param>
    internal LoopFuture? Close(TimeSpan period)
    {
        if (closing is null)
        {
            if (closed)
            {
                return null;
            }

            if (IsUpgrading)
            {
                CloseNow(abort: true);       // half a handshake has no orderly end
                return null;
            }

            if (output.IsEmpty && TryClose())
            {
                return null;
            }

            closing = new LoopFuture(Core.Loop);
            _ = Loop.CreateTask(CloseAsync(new ClosePatience(period, HowMuchIsLeft)), $"close of the connection to {Peer}");
        }

        return closing.IsCompleted ? null : closing;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(IsClosed ? "closed connection" : "connection")} {LocalEndPoint} - {RemoteEndPoint}";

    internal ObjectDisposedException ClosedException() => new(nameof(Connection), $"The connection to {Peer} is closed.");

    /// <param name="raw">See <see cref="PipeStream.Raw"/>.</param>
    internal PipeStream OpenStream(bool raw) => new(end, input, output, raw);

    /// <summary>Closes it in this step: in order if that takes no time, otherwise with a reset.</summary>
    internal void CloseNow(bool abort)
    {
        if (abort || closed || !TryClose())
        {
            LetGo();
            Transport.Abort();
        }
    }

    /// <summary>Closes it in order, and ends when it is closed.</summary>
    internal async Coroutine CloseAsync(ClosePatience patience)
    {
        try
        {
            if (!closed)
            {
                await patience.WaitFor(DrainOutput);
            }

            if (closed ? !socket.IsClosed : !TryClose())
            {
                await Transport.CloseAsync(patience);
            }
        }
        catch (Exception failure) when (failure is IOException or TimeoutException or ObjectDisposedException)
        {
            // What was not sent is dropped.
        }
        finally
        {
            CloseNow(abort: true);       // nothing to do where all went well
            closing?.TrySetResult();
        }
    }

    // What the peer's system does not have yet.
    private long HowMuchIsLeft() => output.Unsent + Transport.Unsent + (socket.IsClosed ? 0 : socket.Device.Unacknowledged ?? 0);

    /// <summary>Part of something was sent, and the rest will not follow.</summary>
    internal void Cut() => Transport.Cut();

    // True: it is closed. False: it accepts no calls any more, and its transport has yet to be closed.
    private bool TryClose()
    {
        bool isBroken = output.IsBroken;
        LetGo();
        if (!isBroken)
        {
            return Transport.TryClose();
        }

        Transport.Abort();      // half of something has no orderly end
        return true;
    }

    // Waiters fail; the transport can be closed.
    private void LetGo()
    {
        if (!closed)
        {
            closed = true;
            var reason = ClosedException();
            output.OnClosed(reason);
            input.OnClosed(reason);
        }
    }

    private ValueTask CloseFromOutside()
    {
        if (Core.IsInLoopThread)
        {
            // Between two runs.
            if (closing is { IsCompleted: false })
            {
                return default;      // the next run goes on with it
            }

            if (closed || (output.IsEmpty && Transport.SendsDirectly))
            {
                CloseNow(abort: false);
            }
            else if (!Core.TryPost(CallbackItem<Connection>.Create(static connection => _ = connection.DisposeAsync(), this, Core.BaseContext)))
            {
                CloseNow(abort: true);       // a closed loop sends nothing any more
            }

            return default;
        }

        var request = new CloseRequest(this, () => _ = DisposeAsync());
        return Core.TryPost(request) ? new ValueTask(request.Closed) : default;
    }

    private void OnLoop(Action<Connection> action)
    {
        if (Core.IsInLoopThread)
        {
            action(this);
        }
        else
        {
            // A closed loop has closed the socket already.
            Core.TryPost(CallbackItem<Connection>.Create(action, this, Core.BaseContext));
        }
    }

    object INamed.Resource => end;

    /// <summary>What its pipes know about it.</summary>
    private sealed class End(Connection connection) : StreamOwner(connection.socket.Core, new SocketTransport(connection.socket)), ICounted
    {
        Diagnostics.WaitKind ICounted.Kind => Diagnostics.WaitKind.Socket;

        LoopCore? ICounted.UsedBy => IsClosed ? null : Core;

        ResourceFigures ICounted.Figures => new(connection.UnsentBytes, null, connection.PeakUnsentBytes, 0, 0);

        internal override string Kind => "connection";

        internal override string Peer => connection.Peer;

        internal override bool IsClosed => connection.IsClosed;

        internal override bool IsClosing => connection.closing is not null || IsClosed;

        internal override ObjectDisposedException ClosedException() => connection.ClosedException();

        internal override void Abort() => connection.Abort();

        internal override ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}
