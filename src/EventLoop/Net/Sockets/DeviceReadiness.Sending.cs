using EventLoop.Native;
using EventLoop.Polling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Net.Sockets;

// Attempts to send.
internal sealed partial class DeviceReadiness
{
    // A receiver that is faster than the loop would otherwise keep it to itself for as long as there is something to send.
    // Less would leave the system's own buffer half empty, and more connections with something to send at the same time than the blocks in stock suffice for:
    // answers of 10 MB took 1.4 times the processor time with 4 MiB, 1.03 with these.
    private const int MostSentInTurn = 16 * 1024 * 1024;

    // What a datagram counts for: its way through the system costs as much as that of so many bytes of a stream, however short it is.
    private const int BytesForDatagram = 16 * 1024;

    private long turn = -1;      // in which sentInTurn was sent
    private int sentInTurn;

    internal bool CanSend => (State & SocketState.Writable) != 0;

    /// <summary>Sends until the system accepts no more, or it has been enough for one turn of the loop: whoever waits then is notified in the next
    /// one.</summary>
    internal int TrySend(ReadOnlySpan<byte> bytes)
    {
        int room = RoomInTurn();
        return room == 0 ? StreamDevice.WouldBlock : CountSent(AfterSend(device.Send(bytes.Length > room ? bytes[..room] : bytes)));
    }

    /// <inheritdoc cref="TrySend(ReadOnlySpan{byte})"/>
    internal unsafe int TrySend(ReadOnlySpan<IoVector> vectors)
    {
        int room = RoomInTurn();
        if (room == 0)
        {
            return StreamDevice.WouldBlock;
        }

        long length = 0;
        for (int i = 0; i < vectors.Length; i++)
        {
            length += (long)vectors[i].Length;
            if (length > room)
            {
                return CountSent(AfterSend(i == 0 ? device.Send(new ReadOnlySpan<byte>(vectors[0].Base, room)) : device.Send(vectors[..i])));
            }
        }

        return CountSent(AfterSend(device.Send(vectors)));
    }

    /// <inheritdoc cref="TrySend(ReadOnlySpan{byte})"/>
    internal int TrySendFile(SafeFileHandle file, long offset, int count)
    {
        int room = RoomInTurn();
        return room == 0 ? StreamDevice.WouldBlock : CountSent(AfterSend(((SocketDevice)device).SendFile(file, offset, Math.Min(room, count))));
    }

    /// <summary>Sends datagrams, with the same bound.</summary>
    internal int TrySendBatch(Span<Datagram> batch)
    {
        if (RoomInTurn() == 0)
        {
            return StreamDevice.WouldBlock;
        }

        int count = AfterSend(((SocketDevice)device).SendBatch(batch));
        sentInTurn = Math.Min(MostSentInTurn, sentInTurn + (Math.Max(count, 0) * BytesForDatagram));
        return count;
    }

    internal int AfterSend(int sent)
    {
        if (sent == StreamDevice.WouldBlock)
        {
            State &= ~SocketState.Writable;
        }

        return sent;
    }

    // How much may be sent now.
    private int RoomInTurn()
    {
        if (!CanSend)
        {
            return 0;
        }

        if (turn != core.Turns)
        {
            turn = core.Turns;
            sentInTurn = 0;
        }

        return MostSentInTurn - sentInTurn;
    }

    private bool HasSentEnough => sentInTurn == MostSentInTurn && turn == core.Turns && CanSend;

    internal void CountDatagramBytes(long count)
    {
        if (counts is not null)
        {
            counts.Sent += count;
        }
    }

    private int CountSent(int count)
    {
        if (count > 0)
        {
            sentInTurn += count;
            if (counts is not null)
            {
                counts.Sent += count;
            }
        }

        return count;
    }
}
