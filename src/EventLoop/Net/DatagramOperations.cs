using System.Net;
using EventLoop.Polling;

namespace EventLoop.Net;

/// <summary>A datagram that has come.</summary>
/// <param name="Length">How much of the buffer it fills.</param>
/// <param name="RemoteEndPoint">Who sent it.</param>
/// <param name="IsTruncated">It was longer than the buffer; the rest is lost.</param>
public readonly record struct ReceivedDatagram(int Length, EndPoint RemoteEndPoint, bool IsTruncated);

/// <summary>One datagram of a batch.</summary>
public struct DatagramMessage
{
    /// <summary>Where it is, or is to be put.</summary>
    public Memory<byte> Buffer { get; set; }

    /// <summary>How much of the buffer it fills; set by a receive.</summary>
    public int Length { get; set; }

    /// <summary>Who sent it, or whom to send it to; null on a connected socket.</summary>
    public EndPoint? RemoteEndPoint { get; set; }

    /// <summary>It was longer than the buffer; set by a receive.</summary>
    public bool IsTruncated { get; set; }
}

/// <summary>The next datagram.</summary>
internal sealed class ReceiveDatagramOperation(DatagramSocket owner, LoopSocket socket, Memory<byte> buffer) : SocketOperation<ReceivedDatagram>
{
    internal ReceiveDatagramOperation Made()
    {
        Socket = socket;
        return this;
    }

    private protected override bool Reads => true;

    private protected override string What => "receive datagrams on";

    private protected override int Attempt(LoopSocket from)
    {
        if (!from.MayReceive)
        {
            return SocketDevice.WouldBlock;
        }

        var address = owner.ReceiveAddress;
        address.Size = address.Buffer.Length;
        int length = from.AfterReceive(from.Device.ReceiveFrom(buffer.Span, address, out bool truncated));
        if (length >= 0)
        {
            Result = new ReceivedDatagram(length, owner.EndPointOf(address), truncated);
        }

        return length;
    }

    private protected override void Recycle(Scheduling.LoopCore core)
    {
    }
}

/// <summary>One datagram out.</summary>
internal sealed class SendDatagramOperation(LoopSocket socket, ReadOnlyMemory<byte> bytes, SocketAddress? to) : SocketOperation<int>
{
    internal SendDatagramOperation Made()
    {
        Socket = socket;
        return this;
    }

    private protected override bool Reads => false;

    private protected override string What => "send a datagram from";

    private protected override int Attempt(LoopSocket by) =>
        Result = by.CanSend() ? by.AfterSend(by.Device.SendTo(bytes.Span, to)) : SocketDevice.WouldBlock;

    private protected override void Recycle(Scheduling.LoopCore core)
    {
    }
}

/// <summary>As many as have come, one at least.</summary>
internal sealed class ReceiveBatchOperation(DatagramSocket owner, LoopSocket socket, DatagramMessage[] messages) : SocketOperation<int>
{
    internal ReceiveBatchOperation Made()
    {
        Socket = socket;
        return this;
    }

    private protected override bool Reads => true;

    private protected override string What => "receive datagrams on";

    private protected override int Attempt(LoopSocket from)
    {
        if (!from.MayReceive)
        {
            return SocketDevice.WouldBlock;
        }

        var batch = owner.Batch(messages.Length);
        for (int i = 0; i < batch.Length; i++)
        {
            batch[i].Bytes = messages[i].Buffer;
        }

        int count = from.AfterReceive(from.Device.ReceiveBatch(batch));
        for (int i = 0; i < count; i++)
        {
            messages[i].Length = batch[i].Length;
            messages[i].IsTruncated = batch[i].Truncated;
            messages[i].RemoteEndPoint = owner.EndPointOf(batch[i].Address!);
        }

        return Result = count;
    }

    private protected override void Recycle(Scheduling.LoopCore core)
    {
    }
}

/// <summary>All of a batch, in order.</summary>
internal sealed class SendBatchOperation(DatagramSocket owner, LoopSocket socket, ReadOnlyMemory<DatagramMessage> messages) : SocketOperation<int>
{
    private int done;

    internal SendBatchOperation Made()
    {
        Socket = socket;
        return this;
    }

    private protected override bool Reads => false;

    private protected override string What => "send datagrams from";

    private protected override int Attempt(LoopSocket by)
    {
        while (done < messages.Length)
        {
            if (!by.CanSend())
            {
                return SocketDevice.WouldBlock;
            }

            var rest = messages.Span[done..];
            var batch = new Datagram[Math.Min(rest.Length, DatagramSocket.MostInBatch)];
            for (int i = 0; i < batch.Length; i++)
            {
                batch[i].Bytes = rest[i].Buffer;
                batch[i].Address = owner.AddressOf(rest[i].RemoteEndPoint);
            }

            int count = by.AfterSend(by.Device.SendBatch(batch));
            if (count < 0)
            {
                return count;
            }

            done += count;
        }

        return Result = done;
    }

    private protected override void Recycle(Scheduling.LoopCore core)
    {
    }
}
