using System.Net.Sockets;
using EventLoop.Native;
using EventLoop.Net.Connections;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net.Pipes;

/// <summary>One end of a system pipe.</summary>
/// <param name="ready">Of its device.</param>
/// <param name="name">For messages.</param>
internal sealed class PipeTransport(DeviceReadiness ready, string name) : Transport
{
    private int left = int.MaxValue;      // how much may still be read after it was cut off

    internal bool IsCutOff { get; private set; }

    internal string Name => name;

    internal override bool SendsDirectly => true;

    internal override bool MayReceive => ready.MayReceive || ready.IsClosed || IsCutOff;

    internal override int TryReceive(Memory<byte> buffer)
    {
        if (!IsCutOff)
        {
            return ready.TryReceive(buffer.Span);
        }

        if (left == 0 || buffer.IsEmpty)
        {
            return 0;
        }

        int count = ready.Device.Receive(buffer.Span[..Math.Min(left, buffer.Length)]);
        left = count > 0 ? left - count : 0;
        return count == StreamDevice.WouldBlock ? 0 : count;
    }

    /// <summary>Makes it end after what is in it now, whoever still holds its other end. Does nothing if nobody does.</summary>
    internal void CutOff()
    {
        if (!IsCutOff && !ready.IsClosed && ready.Device is EpollPipe { IsHungUp: false } pipe)
        {
            left = pipe.Available;
            IsCutOff = true;
            ready.State |= SocketState.Readable;
            ready.TellAgain();
        }
    }

    internal void Enlarge(int size)
    {
        if (!ready.IsClosed && ready.Device is EpollPipe pipe)
        {
            pipe.Enlarge(size);
        }
    }

    internal override int TrySend(ReadOnlyMemory<byte> bytes) => ready.TrySend(bytes.Span);

    internal override unsafe int TrySend(BufferSegment first, int start)
    {
        var vectors = stackalloc IoVector[StreamDevice.MostVectors];
        return ready.TrySend(new ReadOnlySpan<IoVector>(vectors, SocketTransport.Collect(first, start, vectors)));
    }

    internal override Exception? Wait(SocketWaiter waiter, bool reads)
    {
        if (ready.IsClosed)
        {
            return ready.ClosedException(name);
        }

        try
        {
            ready.Wait(waiter, reads);
            return null;
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            return refused as IOException ?? new IOException(refused.Message, refused);
        }
    }

    internal override void Leave(SocketWaiter waiter, bool reads) => ready.Leave(waiter, reads);

    internal override Exception Explain(int error, bool reads)
    {
        var what = StreamDevice.ToError(error);
        string why = what == SocketError.Shutdown ? "broken pipe: nobody reads it any more" : SocketErrors.TextOf(what);
        return new IOException($"{(reads ? "read from" : "write to")} {name} failed: {why}");
    }

    internal override void ShutdownSend() => ready.Close(abort: false, name);

    internal override void Cut()
    {
        // A pipe has no end other than the one that a reader meets.
    }

    internal override bool TryClose()
    {
        ready.Close(abort: false, name);
        return true;
    }

    internal override Coroutine CloseAsync(ClosePatience patience)
    {
        Abort();
        return Loop.CheckPoint();
    }

    internal override void Abort() => ready.Close(abort: true, name);
}
