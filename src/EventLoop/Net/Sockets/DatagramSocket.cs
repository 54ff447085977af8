using System.Net;
using System.Net.Sockets;
using EventLoop.Net.Sockets;

namespace EventLoop.Net;

/// <summary>A socket for datagrams. asyncio: a datagram endpoint, and <c>sock_sendto</c>, <c>sock_recvfrom</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> the loop's, for everything except closing.</para>
/// <para>One receive and one send at a time. <b>Cancellation:</b> exact: a cancelled receive has taken no datagram.</para>
/// <para>If a peer does not listen, a later call on a connected socket may throw <see cref="SocketException"/> (connection refused): this concerns one
/// datagram, and the socket remains usable.</para>
/// <para><b>Cost:</b> receives and sends allocate nothing except the end points of senders that have not been seen recently.</para>
/// </remarks>
public sealed class DatagramSocket : IAsyncDisposable, IDisposable
{
    private readonly LoopSocket socket;
    private readonly DatagramAddresses addresses;

    internal DatagramSocket(LoopSocket socket, AddressFamily family)
    {
        this.socket = socket;
        addresses = new DatagramAddresses(family);
    }

    /// <summary>The address that it is bound to.</summary>
    public EndPoint? LocalEndPoint => socket.LocalEndPoint;

    /// <summary>Its only peer; null if it is not connected.</summary>
    public EndPoint? RemoteEndPoint => socket.RemoteEndPoint;

    /// <summary>Sends a datagram.</summary>
    /// <param name="datagram">Sent as a whole or not at all.</param>
    /// <param name="to">The destination, an <see cref="IPEndPoint"/>.</param>
    /// <returns>Its length.</returns>
    /// <exception cref="ArgumentException">The destination is a name, which is not resolved here.</exception>
    /// <exception cref="SocketException">The datagram is too long, or an earlier one was refused.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public Coroutine<int> SendToAsync(ReadOnlyMemory<byte> datagram, EndPoint to)
    {
        ArgumentNullException.ThrowIfNull(to);
        if (to is not IPEndPoint)
        {
            throw DatagramAddresses.NotAnAddress(to);
        }

        return Of(SendDatagramOperation.Rent(socket, addresses, datagram, to));
    }

    /// <summary>Sends a datagram to the peer of a connected socket.</summary>
    /// <param name="datagram">Sent as a whole or not at all.</param>
    /// <returns>Its length.</returns>
    /// <inheritdoc cref="SendToAsync" path="/exception"/>
    public Coroutine<int> SendAsync(ReadOnlyMemory<byte> datagram) => Of(SendDatagramOperation.Rent(socket, addresses, datagram, null));

    /// <summary>Receives a datagram.</summary>
    /// <param name="buffer">What does not fit into it is lost, which the result says.</param>
    /// <returns>The length and the sender.</returns>
    /// <inheritdoc cref="SendToAsync" path="/exception"/>
    public Coroutine<ReceivedDatagram> ReceiveFromAsync(Memory<byte> buffer) => Of(ReceiveDatagramOperation.Rent(socket, addresses, buffer));

    /// <summary>Receives the datagrams that have arrived, at least one, with one system call for up to 32 (Linux).</summary>
    /// <param name="messages">Receive the datagrams; each has its buffer.</param>
    /// <returns>How many were received.</returns>
    /// <inheritdoc cref="SendToAsync" path="/exception"/>
    public Coroutine<int> ReceiveManyAsync(DatagramMessage[] messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentOutOfRangeException.ThrowIfZero(messages.Length, nameof(messages));
        return Of(ReceiveBatchOperation.Rent(socket, addresses, messages));
    }

    /// <summary>Sends datagrams in order, with one system call for every 32 (Linux).</summary>
    /// <param name="messages">Each is sent as a whole buffer, to its destination unless the socket is connected.</param>
    /// <returns>How many were sent: all. After every thousand others have a turn.</returns>
    /// <inheritdoc cref="SendToAsync" path="/exception"/>
    public Coroutine<int> SendManyAsync(ReadOnlyMemory<DatagramMessage> messages)
    {
        foreach (ref readonly var message in messages.Span)
        {
            if (message.RemoteEndPoint is not (null or IPEndPoint))
            {
                throw DatagramAddresses.NotAnAddress(message.RemoteEndPoint);
            }
        }

        return Of(SendBatchOperation.Rent(socket, addresses, messages));
    }

    /// <summary>Closes the socket; pending operations fail with <see cref="ObjectDisposedException"/>. Any thread.</summary>
    public void Dispose() => socket.Close();

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => socket.DisposeAsync();

    private static Coroutine<T> Of<T>(SocketOperation<T> operation) => new(operation, operation.Version);
}
