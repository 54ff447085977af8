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
/// <para><b>Thread:</b> the loop's, for everything except <see cref="Close"/>, <see cref="Abort"/> and the Dispose methods, which any thread may call.</para>
/// <para>One operation for each direction at a time; a second one throws <see cref="InvalidOperationException"/>.</para>
/// <para><b>Cancellation:</b> exact. A cancelled receive or accept has taken nothing; a send that was cancelled after part of it had been sent breaks the
/// sending direction, which the next send reports.</para>
/// <para>A socket that is dropped without being closed is closed when the garbage collector finds it; debug mode reports that. A waiter keeps it alive.</para>
/// <para><b>Cost:</b> receive, send, accept and waits for readiness allocate nothing except the accepted socket itself.</para>
/// </remarks>
public sealed partial class LoopSocket : IAsyncDisposable, IDisposable, IHandedOver
{
    /// <summary>Opens a socket of the running loop.</summary>
    /// <param name="family">IPv4, IPv6 or Unix.</param>
    /// <param name="type">Stream or datagram.</param>
    /// <param name="protocol">TCP, UDP, or unspecified for Unix.</param>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    /// <exception cref="SocketException">The system could not open a socket.</exception>
    public LoopSocket(AddressFamily family, SocketType type, ProtocolType protocol)
        : this(LoopCore.Required, SocketFactory.Open(LoopCore.Required, null, family, type, protocol))
    {
    }

    /// <summary>Takes over a socket that was made elsewhere: it becomes non-blocking and is disposed with this one.</summary>
    /// <param name="socket">Must not be used by anybody else from now on. If somebody disposes it nevertheless, this one is closed within a second, and
    /// waiters get an <see cref="ObjectDisposedException"/>.</param>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public LoopSocket(Socket socket)
        : this(LoopCore.Required, LoopCore.Required.Poller.Adopt(socket ?? throw new ArgumentNullException(nameof(socket)))) =>
        HandleWatch.Add(this, socket.SafeHandle);

    /// <summary>The address that it is bound to; null if it is not. Once connected or accepted it remains known, even when the socket is closed.</summary>
    public EndPoint? LocalEndPoint => localEndPoint ??= MayAsk ? device.LocalEndPoint : null;

    /// <summary>The address that it is connected to; null if it is not. Once connected or accepted it remains known, even when the peer is gone or the socket
    /// closed.</summary>
    public EndPoint? RemoteEndPoint => remoteEndPoint ??= MayAsk ? device.RemoteEndPoint : null;

    /// <summary>Whether it was closed, so that operations throw.</summary>
    public bool IsClosed => ready.IsClosed;

    /// <summary>Receives some of what has arrived. asyncio: <c>sock_recv_into</c>.</summary>
    /// <param name="buffer">If empty, waits until there is something, or the end, and receives nothing.</param>
    /// <returns>The number of bytes; zero at the peer's end.</returns>
    /// <exception cref="SocketException">The connection was reset, or another error occurred; the endpoint is in the message.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    /// <exception cref="InvalidOperationException">Another receive is pending.</exception>
    public Coroutine<int> ReceiveAsync(Memory<byte> buffer) => Of(ReceiveOperation.Rent(this, buffer));

    /// <summary>Sends all bytes. asyncio: <c>sock_sendall</c>.</summary>
    /// <param name="bytes">Must not change until the send has completed.</param>
    /// <returns>The number of bytes: all.</returns>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine<int> SendAsync(ReadOnlyMemory<byte> bytes) => Of(SendOperation.Rent(this, bytes));

    /// <summary>Sends all bytes, up to 64 pieces with one system call.</summary>
    /// <param name="bytes">Must not change until the send has completed.</param>
    /// <returns>The number of bytes: all.</returns>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine<long> SendAsync(ReadOnlySequence<byte> bytes) => Of(SendSequenceOperation.Rent(this, bytes));

    /// <summary>Sends part of a file without copying it into this process. asyncio: <c>sock_sendfile</c>.</summary>
    /// <param name="file">Its own position is neither used nor moved.</param>
    /// <param name="offset">Where to begin.</param>
    /// <param name="count">How many bytes.</param>
    /// <returns>How many bytes were sent: fewer than requested if the file ends earlier.</returns>
    /// <remarks>A part of the file that is not in memory is read from the disk on the loop's thread. A file that the system cannot send by itself (as in
    /// <c>/proc</c>) is read and sent.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The part begins or ends where no file can.</exception>
    /// <exception cref="IOException">The file cannot be read. The socket remains usable, unless part of the file had been sent.</exception>
    /// <exception cref="NotSupportedException">The handle is a pipe or a terminal.</exception>
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

    /// <summary>Connects; for a datagram socket this sets its peer. asyncio: <c>sock_connect</c>.</summary>
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

    /// <summary>Waits until a receive or an accept would complete at once.</summary>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine WaitReadableAsync() => Of(ReadinessOperation.Rent(this, reads: true));

    /// <summary>Waits until a send would complete at once.</summary>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public Coroutine WaitWritableAsync() => Of(ReadinessOperation.Rent(this, reads: false));

    /// <summary>Binds the socket to an address of this machine.</summary>
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

    /// <summary>Starts to listen for connections.</summary>
    /// <param name="backlog">How many may wait to be accepted.</param>
    /// <exception cref="SocketException">The address is in use.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread; nothing was done.</exception>
    public void Listen(int backlog = 512)
    {
        Verify();
        Check(device.Listen(backlog), "listen on", LocalEndPoint);
    }

    /// <summary>Ends the sending direction: the peer reads the end after what was sent; receiving continues.</summary>
    /// <exception cref="SocketException">It is not connected.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread; nothing was done.</exception>
    public void ShutdownSend()
    {
        Verify();
        Check(device.ShutdownSend(), "shut down sending to", RemoteEndPoint);
    }

    /// <summary>Closes the socket. Pending operations fail with <see cref="ObjectDisposedException"/>; what was sent still goes out. Idempotent; any
    /// thread.</summary>
    public void Close() => CloseFromAnywhere(abort: false);

    /// <summary>Closes the socket with a reset: the peer gets an error, and what has not gone out is dropped. Idempotent; any thread.</summary>
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
