using System.Buffers;
using System.Net;
using System.Net.Sockets;
using EventLoop.Native;
using EventLoop.Net.Sockets;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Net;

/// <summary>A socket whose operations complete on the loop's thread. asyncio: <c>loop.sock_*</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> the loop's, for everything but <see cref="Close"/>, <see cref="Abort"/> and the Dispose methods, which any thread may call.</para>
/// <para>One operation for each direction at a time; a second one throws <see cref="InvalidOperationException"/>.</para>
/// <para><b>Cancellation:</b> exact. A receive or accept that was cancelled has taken nothing; a send that was cancelled after part of it had gone breaks
/// the sending direction, and says so at the next send.</para>
/// <para>One that is forgotten instead of closed is closed when the garbage collector finds it; debug mode says so. Whoever waits for it keeps it alive.</para>
/// <para><b>Cost:</b> receive, send, accept and the waits for readiness allocate nothing but the accepted socket itself.</para>
/// </remarks>
public sealed partial class LoopSocket : IAsyncDisposable, IDisposable, IHandedOver
{
    /// <summary>A new socket of the running loop.</summary>
    /// <param name="family">IPv4, IPv6 or Unix.</param>
    /// <param name="type">Stream or datagram.</param>
    /// <param name="protocol">TCP, UDP, or nothing for Unix.</param>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    /// <exception cref="SocketException">The system has none.</exception>
    public LoopSocket(AddressFamily family, SocketType type, ProtocolType protocol)
        : this(LoopCore.Required, SocketFactory.Open(LoopCore.Required, null, family, type, protocol))
    {
    }

    /// <summary>Takes over a socket that was made elsewhere: it becomes non-blocking and is disposed with this one.</summary>
    /// <param name="socket">Nobody else uses it from now on. Should somebody dispose it all the same, this one is closed within a second: who waits on it gets
    /// an <see cref="ObjectDisposedException"/>.</param>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public LoopSocket(Socket socket)
        : this(LoopCore.Required, LoopCore.Required.Poller.Adopt(socket ?? throw new ArgumentNullException(nameof(socket)))) =>
        HandleWatch.Add(this, socket.SafeHandle);

    /// <summary>Where it is bound; null when it is not. Once it was connected or accepted it is known for good, also when it is closed.</summary>
    public EndPoint? LocalEndPoint => localEndPoint ??= MayAsk ? device.LocalEndPoint : null;

    /// <summary>Whom it is connected to; null when it is not. Once it was connected or accepted it is known
    /// for good, also when the peer is gone or the socket closed.</summary>
    public EndPoint? RemoteEndPoint => remoteEndPoint ??= MayAsk ? device.RemoteEndPoint : null;

    /// <summary>Whether it was closed: operations throw.</summary>
    public bool IsClosed => ready.IsClosed;

    /// <summary>Receives something of what has arrived. asyncio: <c>sock_recv_into</c>.</summary>
    /// <param name="buffer">Empty: waits until there is something, or the end, and receives nothing.</param>
    /// <returns>How much; zero at the peer's end.</returns>
    /// <exception cref="SocketException">The connection was reset, or another error; with the endpoint in the message.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    /// <exception cref="InvalidOperationException">Another receive is under way.</exception>
    public Coroutine<int> ReceiveAsync(Memory<byte> buffer) => Of(ReceiveOperation.Rent(this, buffer));

    /// <summary>Sends all of it. asyncio: <c>sock_sendall</c>.</summary>
    /// <param name="bytes">Must not change until it is done.</param>
    /// <returns>How much: all.</returns>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine<int> SendAsync(ReadOnlyMemory<byte> bytes) => Of(SendOperation.Rent(this, bytes));

    /// <summary>Sends all of it, up to 64 pieces by one system call.</summary>
    /// <param name="bytes">Must not change until it is done.</param>
    /// <returns>How much: all.</returns>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine<long> SendAsync(ReadOnlySequence<byte> bytes) => Of(SendSequenceOperation.Rent(this, bytes));

    /// <summary>Sends part of a file without a copy in this process. asyncio: <c>sock_sendfile</c>.</summary>
    /// <param name="file">Its own position is neither used nor moved.</param>
    /// <param name="offset">Where to begin.</param>
    /// <param name="count">How much.</param>
    /// <returns>How much was sent: less than asked for when the file ends sooner.</returns>
    /// <remarks>A part of the file that is not in memory is read from the disk on the loop's thread. A file that the system does not send by itself (of
    /// <c>/proc</c>, say) is read and sent.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The part begins or ends where no file can.</exception>
    /// <exception cref="IOException">The file cannot be read. The socket can still be used, unless part of the file had gone.</exception>
    /// <exception cref="NotSupportedException">It is a pipe or a terminal.</exception>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine<long> SendFileAsync(SafeFileHandle file, long offset, long count)
    {
        ArgumentNullException.ThrowIfNull(file);
        FileReads.CheckRange(offset, count);
        return Of(SendFileOperation.Rent(this, file, offset, count));
    }

    /// <summary>Accepts a connection. asyncio: <c>sock_accept</c>.</summary>
    /// <returns>A socket of the same loop.</returns>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine<LoopSocket> AcceptAsync() => Of(AcceptOperation.Rent(this));

    /// <summary>Connects; a datagram socket gets its peer by it. asyncio: <c>sock_connect</c>.</summary>
    /// <param name="endPoint">An address; names are not resolved here.</param>
    /// <remarks><b>Cancellation:</b> leaves a socket that can only be closed.</remarks>
    /// <exception cref="ArgumentException">It is a name.</exception>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine ConnectAsync(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        SocketErrors.RefuseName(endPoint, nameof(endPoint), "Tcp.ConnectAsync resolves names.");
        return Of(new ConnectOperation(this, endPoint));
    }

    /// <summary>Waits until a receive or an accept would not wait.</summary>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine WaitReadableAsync() => Of(ReadinessOperation.Rent(this, reads: true));

    /// <summary>Waits until a send would not wait.</summary>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine WaitWritableAsync() => Of(ReadinessOperation.Rent(this, reads: false));

    /// <summary>Binds it to an address of this machine.</summary>
    /// <param name="endPoint">Port 0 takes a free one.</param>
    /// <exception cref="SocketException">The address is in use, or is not this machine's.</exception>
    /// <exception cref="ArgumentException">It is a name.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread; nothing was done.</exception>
    public void Bind(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        SocketErrors.RefuseName(endPoint, nameof(endPoint));
        Verify();
        Check(device.Bind(endPoint), "bind to", endPoint);
        localEndPoint = null;
    }

    /// <summary>Begins to take connections.</summary>
    /// <param name="backlog">How many may wait to be accepted.</param>
    /// <exception cref="SocketException">The address is in use.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread; nothing was done.</exception>
    public void Listen(int backlog = 512)
    {
        Verify();
        Check(device.Listen(backlog), "listen on", LocalEndPoint);
    }

    /// <summary>Ends the sending direction: the peer reads the end behind what was sent; receiving continues.</summary>
    /// <exception cref="SocketException">It is not connected.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread; nothing was done.</exception>
    public void ShutdownSend()
    {
        Verify();
        Check(device.ShutdownSend(), "shut down sending to", RemoteEndPoint);
    }

    /// <summary>Closes it. What waits for it fails with <see cref="ObjectDisposedException"/>; what
    /// was sent still goes out. Idempotent; from any thread.</summary>
    public void Close() => CloseFromAnywhere(abort: false);

    /// <summary>Closes it with a reset: the peer gets an error, and what was not sent yet is dropped. Idempotent; from any thread.</summary>
    public void Abort() => CloseFromAnywhere(abort: true);

    /// <inheritdoc cref="Close"/>
    public void Dispose() => Close();

    /// <inheritdoc cref="Close"/>
    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(IsClosed ? "closed socket" : "socket")} {LocalEndPoint} - {RemoteEndPoint}";

    private static Coroutine<T> Of<T>(SocketOperation<T> operation) => new(operation, operation.Version);
}
