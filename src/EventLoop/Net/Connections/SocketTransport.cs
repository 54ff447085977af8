using System.Net.Sockets;
using EventLoop.Native;
using EventLoop.Net.Sockets;
using EventLoop.Polling;

namespace EventLoop.Net.Connections;

/// <summary>The transport that is a bare socket.</summary>
internal sealed class SocketTransport(LoopSocket socket) : Transport
{
    private bool peerIsSending;         // when the close began

    internal override bool SendsDirectly => true;

    internal override bool MayReceive => socket.MayReceive;

    internal override bool ReportsHangUps => socket.ReportsHangUps;

    internal override bool MayBeHungUp => socket.MayBeHungUp;

    internal override void LookAgain() => socket.LookAgain();

    internal override int TryReceive(Memory<byte> buffer) => socket.TryReceive(buffer.Span);

    internal override int TrySend(ReadOnlyMemory<byte> bytes) => socket.TrySend(bytes.Span);

    internal override unsafe int TrySend(BufferSegment first, int start)
    {
        if (first.Following is null)
        {
            return socket.TrySend(new ReadOnlySpan<byte>(first.Start + start, first.End - start));
        }

        var vectors = stackalloc IoVector[StreamDevice.MostVectors];
        return socket.TrySend(new ReadOnlySpan<IoVector>(vectors, Collect(first, start, vectors)));
    }

    /// <summary>Collects the filled part of a chain, as far as one call takes it.</summary>
    internal static unsafe int Collect(BufferSegment first, int start, IoVector* vectors)
    {
        int count = 0;
        for (var segment = first; segment is not null && count < StreamDevice.MostVectors; segment = segment.Following)
        {
            vectors[count++] = new IoVector(segment.Start + start, segment.End - start);
            start = 0;
        }

        return count;
    }

    internal override Exception? Wait(SocketWaiter waiter, bool reads) => socket.Wait(waiter, reads);

    internal override bool TryWatch(SocketWaiter waiter) => socket.TryWatch(waiter);

    internal override void Leave(SocketWaiter waiter, bool reads) => socket.Leave(waiter, reads);

    internal override Exception Explain(int error, bool reads) =>
        socket.IsClosed ? socket.Closed() : SocketErrors.Broken(reads ? "receive from" : "send to", socket.RemoteEndPoint, SocketDevice.ToError(error));

    internal override void ShutdownSend() => socket.Device.ShutdownSend();

    internal override void Cut() => socket.Cut();

    internal override bool TryClose()
    {
        if (LingeringClose.IsNeeded(socket, out peerIsSending))
        {
            return false;
        }

        socket.Close();
        return true;
    }

    internal override Coroutine CloseAsync(ClosePatience patience) => LingeringClose.Run(socket, peerIsSending, patience);

    internal override void Abort() => socket.Abort();
}
