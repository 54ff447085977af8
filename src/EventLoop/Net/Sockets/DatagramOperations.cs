using System.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>Receives the next datagram.</summary>
[StackTraceHidden]
internal sealed class ReceiveDatagramOperation : SocketOperation<ReceivedDatagram>
{
    private static readonly int Slot = ItemPools.NewSlot();
    private DatagramAddresses? addresses;
    private Memory<byte> buffer;

    private protected override bool Reads => true;

    private protected override string What => "receive datagrams on";

    internal static ReceiveDatagramOperation Rent(LoopSocket socket, DatagramAddresses addresses, Memory<byte> buffer)
    {
        var operation = LoopCore.Running?.Pools.TryRent<ReceiveDatagramOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        operation.addresses = addresses;
        operation.buffer = buffer;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket)
    {
        if (!socket.MayReceive)
        {
            return StreamDevice.WouldBlock;
        }

        var from = addresses!.Room();
        int length = socket.AfterReceive(socket.Device.ReceiveFrom(buffer.Span, from, out bool truncated));
        if (length >= 0)
        {
            socket.CountReceived(length);
            Result = new ReceivedDatagram(length, addresses.ToEndPoint(from), truncated);
        }

        return length;
    }

    private protected override void Recycle(LoopCore core)
    {
        addresses = null;
        buffer = default;
        core.Pools.Return(this, Slot);
    }
}

/// <summary>Sends one datagram.</summary>
[StackTraceHidden]
internal sealed class SendDatagramOperation : SocketOperation<int>
{
    private static readonly int Slot = ItemPools.NewSlot();
    private DatagramAddresses? addresses;
    private ReadOnlyMemory<byte> bytes;
    private EndPoint? to;

    private protected override bool Reads => false;

    private protected override string What => "send a datagram from";

    internal static SendDatagramOperation Rent(LoopSocket socket, DatagramAddresses addresses, ReadOnlyMemory<byte> bytes, EndPoint? to)
    {
        var operation = LoopCore.Running?.Pools.TryRent<SendDatagramOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        operation.addresses = addresses;
        operation.bytes = bytes;
        operation.to = to;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket)
    {
        if (!socket.CanSend())
        {
            return StreamDevice.WouldBlock;
        }

        Result = socket.AfterSend(socket.Device.SendTo(bytes.Span, to is null ? null : addresses!.ToSocketAddress(to)));
        socket.CountDatagramBytes(Math.Max(Result, 0));
        return Result;
    }

    private protected override void Recycle(LoopCore core)
    {
        addresses = null;
        bytes = default;
        to = null;
        core.Pools.Return(this, Slot);
    }
}

/// <summary>Receives as many datagrams as have arrived, at least one.</summary>
[StackTraceHidden]
internal sealed class ReceiveBatchOperation : SocketOperation<int>
{
    private static readonly int Slot = ItemPools.NewSlot();
    private DatagramAddresses? addresses;
    private DatagramMessage[] messages = [];

    private protected override bool Reads => true;

    private protected override string What => "receive datagrams on";

    internal static ReceiveBatchOperation Rent(LoopSocket socket, DatagramAddresses addresses, DatagramMessage[] messages)
    {
        var operation = LoopCore.Running?.Pools.TryRent<ReceiveBatchOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        operation.addresses = addresses;
        operation.messages = messages;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket)
    {
        if (!socket.MayReceive)
        {
            return StreamDevice.WouldBlock;
        }

        var batch = addresses!.Batch(messages.Length);
        try
        {
            for (int i = 0; i < batch.Length; i++)
            {
                batch[i].Bytes = messages[i].Buffer;
                batch[i].Address = addresses.Room(i);
            }

            int count = socket.AfterReceive(socket.Device.ReceiveBatch(batch));
            int bytes = 0;
            for (int i = 0; i < count; i++)
            {
                bytes += batch[i].Length;
                messages[i].Length = batch[i].Length;
                messages[i].IsTruncated = batch[i].Truncated;
                messages[i].RemoteEndPoint = addresses.ToEndPoint(batch[i].Address!);
            }

            socket.CountReceived(bytes);
            return Result = count;
        }
        finally
        {
            batch.Clear();
        }
    }

    private protected override void Recycle(LoopCore core)
    {
        addresses = null;
        messages = [];
        core.Pools.Return(this, Slot);
    }
}

/// <summary>Sends a whole batch, in order.</summary>
[StackTraceHidden]
internal sealed class SendBatchOperation : SocketOperation<int>
{
    private static readonly int Slot = ItemPools.NewSlot();
    private DatagramAddresses? addresses;
    private ReadOnlyMemory<DatagramMessage> messages;
    private int done;

    private protected override bool Reads => false;

    private protected override string What => "send datagrams from";

    internal static SendBatchOperation Rent(LoopSocket socket, DatagramAddresses addresses, ReadOnlyMemory<DatagramMessage> messages)
    {
        var operation = LoopCore.Running?.Pools.TryRent<SendBatchOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        operation.addresses = addresses;
        operation.messages = messages;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket)
    {
        while (done < messages.Length)
        {
            var rest = messages.Span[done..];
            int count = SendSome(socket, rest, addresses!.Batch(rest.Length));
            if (count < 0)
            {
                return count;
            }

            done += count;
        }

        return Result = done;
    }

    private int SendSome(LoopSocket socket, ReadOnlySpan<DatagramMessage> rest, Span<Datagram> batch)
    {
        try
        {
            for (int i = 0; i < batch.Length; i++)
            {
                batch[i].Bytes = rest[i].Buffer;
                batch[i].Address = rest[i].RemoteEndPoint is { } to ? addresses!.ToSocketAddress(to, i) : null;
            }

            int count = socket.TrySendBatch(batch);
            for (int i = 0; i < count; i++)
            {
                socket.CountDatagramBytes(batch[i].Bytes.Length);
            }

            return count;
        }
        finally
        {
            batch.Clear();
        }
    }

    private protected override void Recycle(LoopCore core)
    {
        addresses = null;
        messages = default;
        done = 0;
        core.Pools.Return(this, Slot);
    }
}
