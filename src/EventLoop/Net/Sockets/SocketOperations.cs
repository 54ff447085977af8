using System.Buffers;
using System.Net;
using System.Net.Sockets;
using EventLoop.Native;
using EventLoop.Polling;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Net.Sockets;

/// <summary>Receives some of what has arrived; zero at the end.</summary>
[StackTraceHidden]
internal sealed class ReceiveOperation : SocketOperation<int>
{
    private static readonly int Slot = ItemPools.NewSlot();
    private Memory<byte> buffer;

    private protected override bool Reads => true;

    private protected override string What => "receive from";

    internal static ReceiveOperation Rent(LoopSocket socket, Memory<byte> buffer)
    {
        var operation = LoopCore.Running?.Pools.TryRent<ReceiveOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        operation.buffer = buffer;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket) => Result = socket.TryReceive(buffer.Span);

    private protected override void Recycle(LoopCore core)
    {
        buffer = default;
        core.Pools.Return(this, Slot);
    }
}

/// <summary>Sends a whole block.</summary>
[StackTraceHidden]
internal sealed class SendOperation : SocketOperation<int>
{
    private static readonly int Slot = ItemPools.NewSlot();
    private ReadOnlyMemory<byte> rest;

    private protected override bool Reads => false;

    private protected override string What => "send to";

    internal static SendOperation Rent(LoopSocket socket, ReadOnlyMemory<byte> bytes)
    {
        var operation = LoopCore.Running?.Pools.TryRent<SendOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        operation.rest = bytes;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket)
    {
        do
        {
            int sent = socket.TrySend(rest.Span);
            if (sent < 0)
            {
                return sent;
            }

            rest = rest[sent..];
            Moved += sent;
        }
        while (!rest.IsEmpty);
        return Result = (int)Moved;
    }

    private protected override void Recycle(LoopCore core)
    {
        rest = default;
        core.Pools.Return(this, Slot);
    }
}

/// <summary>Sends a whole sequence, many pieces with one system call.</summary>
[StackTraceHidden]
internal sealed class SendSequenceOperation : SocketOperation<long>
{
    private static readonly int Slot = ItemPools.NewSlot();
    private ReadOnlySequence<byte> rest;

    private protected override bool Reads => false;

    private protected override string What => "send to";

    internal static SendSequenceOperation Rent(LoopSocket socket, ReadOnlySequence<byte> bytes)
    {
        var operation = LoopCore.Running?.Pools.TryRent<SendSequenceOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        operation.rest = bytes;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket)
    {
        while (!rest.IsEmpty)
        {
            int sent = SendSome(socket);
            if (sent < 0)
            {
                return sent;
            }

            rest = rest.Slice(sent);
            Moved += sent;
        }

        Result = Moved;
        return 0;
    }

    private unsafe int SendSome(LoopSocket socket)
    {
        if (rest.IsSingleSegment)
        {
            return socket.TrySend(rest.FirstSpan);
        }

        var vectors = stackalloc IoVector[SocketDevice.MostVectors];
        int count = 0;
        using var pins = new PinnedMemories(SocketDevice.MostVectors);
        foreach (var piece in rest)
        {
            if (count == SocketDevice.MostVectors)
            {
                break;
            }

            if (!piece.IsEmpty)
            {
                vectors[count++] = new IoVector(pins.Pin(piece), piece.Length);
            }
        }

        return socket.TrySend(new ReadOnlySpan<IoVector>(vectors, count));
    }

    private protected override void Recycle(LoopCore core)
    {
        rest = default;
        core.Pools.Return(this, Slot);
    }
}

/// <summary>Sends a part of a file, without copying it into this process.</summary>
[StackTraceHidden]
internal sealed class SendFileOperation : SocketOperation<long>
{
    private const int LargestStep = 1 << 21;
    private static readonly int Slot = ItemPools.NewSlot();
    private SafeFileHandle? file;
    private long offset;
    private long count;

    private protected override bool Reads => false;

    private protected override string What => "send a file to";

    internal static SendFileOperation Rent(LoopSocket socket, SafeFileHandle file, long offset, long count)
    {
        var operation = LoopCore.Running?.Pools.TryRent<SendFileOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        operation.file = file;
        operation.offset = offset;
        operation.count = count;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket)
    {
        while (Moved < count)
        {
            int sent = socket.TrySendFile(file!, offset + Moved, (int)Math.Min(LargestStep, count - Moved));
            if (sent < 0)
            {
                return sent;
            }

            if (sent == 0)
            {
                break;        // the file ends earlier than expected
            }

            Moved += sent;
        }

        Result = Moved;
        return 0;
    }

    private protected override void Recycle(LoopCore core)
    {
        file = null;
        core.Pools.Return(this, Slot);
    }
}

/// <summary>Accepts the next connection of a listening socket.</summary>
[StackTraceHidden]
internal sealed class AcceptOperation : SocketOperation<LoopSocket>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private protected override bool Reads => true;

    private protected override string What => "accept on";

    internal static AcceptOperation Rent(LoopSocket socket)
    {
        var operation = LoopCore.Running?.Pools.TryRent<AcceptOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket)
    {
        var error = socket.TryAccept(out var accepted);
        Result = accepted;
        return SocketDevice.Answer(error);
    }

    private protected override Exception Fail(int error) => SocketErrors.Failed(What, Socket!.LocalEndPoint, SocketDevice.ToError(error));

    private protected override void Recycle(LoopCore core) => core.Pools.Return(this, Slot);
}

/// <summary>Connects to an address.</summary>
[StackTraceHidden]
internal sealed class ConnectOperation : SocketOperation<bool>
{
    private readonly EndPoint endPoint;
    private bool begun;

    internal ConnectOperation(LoopSocket socket, EndPoint endPoint)
    {
        Make();
        Socket = socket;
        this.endPoint = endPoint;
    }

    private protected override bool Reads => false;

    private protected override string What => "connect to";

    private protected override int Attempt(LoopSocket socket)
    {
        var error = begun ? socket.FinishConnect(endPoint) : socket.BeginConnect(endPoint);
        begun = true;
        return SocketDevice.Answer(error);
    }

    private protected override Exception Fail(int error) => SocketErrors.Failed(What, endPoint, SocketDevice.ToError(error));

    private protected override void Recycle(LoopCore core)
    {
    }
}

/// <summary>Waits until it can be read from, or written to, without waiting.</summary>
[StackTraceHidden]
internal sealed class ReadinessOperation : SocketOperation<bool>
{
    private static readonly int Slot = ItemPools.NewSlot();
    private bool reads;

    private protected override bool Reads => reads;

    private protected override string What => reads ? "readiness to read from" : "readiness to write to";

    internal static ReadinessOperation Rent(LoopSocket socket, bool reads)
    {
        var operation = LoopCore.Running?.Pools.TryRent<ReadinessOperation>(Slot) ?? new();
        operation.Make();
        operation.Socket = socket;
        operation.reads = reads;
        return operation;
    }

    private protected override int Attempt(LoopSocket socket) => (reads ? socket.CanReceive() : socket.CanSend()) ? 0 : StreamDevice.WouldBlock;

    private protected override void Recycle(LoopCore core) => core.Pools.Return(this, Slot);
}
