using System.Net;
using System.Net.Sockets;
using EventLoop.Polling;

namespace EventLoop.Net;

/// <summary>A socket for datagrams. asyncio: a datagram endpoint, and <c>sock_sendto</c>, <c>sock_recvfrom</c>.</summary>
/// <remarks>
/// <para><b>Thread:</b> the loop's, for everything but closing.</para>
/// <para>One receive and one send at a time. <b>Cancellation:</b> exact: a cancelled receive has taken no datagram.</para>
/// <para>That a peer does not listen may surface as <see cref="SocketException"/> (connection refused) at a later call on a connected socket: it concerns one datagram, and the socket goes on.</para>
/// </remarks>
public sealed class DatagramSocket : IAsyncDisposable, IDisposable
{
    internal const int MostInBatch = 32;

    private readonly LoopSocket socket;
    private readonly AddressFamily family;
    private readonly Datagram[] batch = new Datagram[MostInBatch];
    private (EndPoint? EndPoint, SocketAddress? Address) lastSent;         // a conversation has one peer, as a rule
    private (SocketAddress? Address, EndPoint? EndPoint) lastReceived;

    internal DatagramSocket(LoopSocket socket, AddressFamily family)
    {
        this.socket = socket;
        this.family = family;
        ReceiveAddress = new SocketAddress(family, 128);
    }

    /// <summary>Where it is bound.</summary>
    public EndPoint? LocalEndPoint => socket.LocalEndPoint;

    /// <summary>Its only peer; null when it was not connected.</summary>
    public EndPoint? RemoteEndPoint => socket.RemoteEndPoint;

    internal SocketAddress ReceiveAddress { get; }

    /// <summary>Sends a datagram.</summary>
    /// <param name="datagram">Goes as a whole or not at all.</param>
    /// <param name="to">Where to.</param>
    /// <returns>Its length.</returns>
    /// <exception cref="SocketException">It is too long, or an earlier one was refused.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public Coroutine<int> SendToAsync(ReadOnlyMemory<byte> datagram, EndPoint to)
    {
        ArgumentNullException.ThrowIfNull(to);
        return Of(new SendDatagramOperation(socket, datagram, AddressOf(to)).Made());
    }

    /// <summary>Sends a datagram to the peer of a connected socket.</summary>
    /// <param name="datagram">Goes as a whole or not at all.</param>
    /// <returns>Its length.</returns>
    /// <inheritdoc cref="SendToAsync" path="/exception"/>
    public Coroutine<int> SendAsync(ReadOnlyMemory<byte> datagram) => Of(new SendDatagramOperation(socket, datagram, null).Made());

    /// <summary>Receives a datagram.</summary>
    /// <param name="buffer">What does not fit into it is lost, and said to be.</param>
    /// <returns>Its length and sender.</returns>
    /// <inheritdoc cref="SendToAsync" path="/exception"/>
    public Coroutine<ReceivedDatagram> ReceiveFromAsync(Memory<byte> buffer) => Of(new ReceiveDatagramOperation(this, socket, buffer).Made());

    /// <summary>Receives what has come, one datagram at least, with one system call for up to 32 (Linux).</summary>
    /// <param name="messages">Each with its buffer.</param>
    /// <returns>How many came.</returns>
    /// <inheritdoc cref="SendToAsync" path="/exception"/>
    public Coroutine<int> ReceiveManyAsync(DatagramMessage[] messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentOutOfRangeException.ThrowIfZero(messages.Length, nameof(messages));
        return Of(new ReceiveBatchOperation(this, socket, messages).Made());
    }

    /// <summary>Sends datagrams in order, with one system call for each 32 (Linux).</summary>
    /// <param name="messages">Each a whole buffer, with its destination unless the socket is connected.</param>
    /// <returns>How many: all.</returns>
    /// <inheritdoc cref="SendToAsync" path="/exception"/>
    public Coroutine<int> SendManyAsync(ReadOnlyMemory<DatagramMessage> messages) => Of(new SendBatchOperation(this, socket, messages).Made());

    /// <summary>Closes it; what waits fails with <see cref="ObjectDisposedException"/>. From any thread.</summary>
    public void Dispose() => socket.Close();

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => socket.DisposeAsync();

    internal Span<Datagram> Batch(int most) => batch.AsSpan(0, Math.Min(most, MostInBatch));

    internal SocketAddress? AddressOf(EndPoint? endPoint)
    {
        if (endPoint is null)
        {
            return null;
        }

        if (!ReferenceEquals(lastSent.EndPoint, endPoint))
        {
            var plain = endPoint is IPEndPoint { AddressFamily: AddressFamily.InterNetwork } v4 && family == AddressFamily.InterNetworkV6
                ? new IPEndPoint(v4.Address.MapToIPv6(), v4.Port)
                : endPoint;
            lastSent = (endPoint, plain.Serialize());
        }

        return lastSent.Address;
    }

    internal EndPoint EndPointOf(SocketAddress address)
    {
        if (lastReceived.Address is not { } last || !last.Equals(address))
        {
            var copy = new SocketAddress(family, Math.Max(address.Size, 2)) { Size = address.Size };
            address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
            lastReceived = (copy, EpollSocket.Template(family).Create(copy));
        }

        return lastReceived.EndPoint!;
    }

    private static Coroutine<T> Of<T>(SocketOperation<T> operation) => new(operation, operation.Version);
}
