using System.Net;
using System.Net.Sockets;
using EventLoop.Native;

namespace EventLoop.Polling;

// Datagrams, single and in batches; and the options.
internal sealed unsafe partial class EpollSocket
{
    private const int MostMessages = 32;
    private const int TruncatedFlag = 0x20;

    internal override int ReceiveFrom(Span<byte> buffer, SocketAddress from, out bool truncated)
    {
        truncated = false;
        fixed (byte* start = buffer)
        fixed (byte* name = from.Buffer.Span)
        {
            var vector = new IoVector(start, buffer.Length);
            var message = new BatchedMessage
            {
                Header = { Name = name, NameLength = (uint)from.Buffer.Length, Vectors = &vector, VectorCount = 1 },
            };
            int count;
            do
            {
                count = Libc.ReceiveMessages(descriptor, &message, 1, 0, null);
            }
            while (count < 0 && Libc.LastError == Errno.Interrupted);
            if (count < 0)
            {
                return LastFailure();
            }

            from.Size = (int)message.Header.NameLength;
            truncated = (message.Header.Flags & TruncatedFlag) != 0;
            return (int)message.Length;
        }
    }

    internal override int SendTo(ReadOnlySpan<byte> datagram, SocketAddress? to)
    {
        fixed (byte* start = datagram)
        fixed (byte* name = to is null ? default : to.Buffer.Span)
        {
            var vector = new IoVector(start, datagram.Length);
            var message = new MessageHeader { Name = name, NameLength = (uint)(to?.Size ?? 0), Vectors = &vector, VectorCount = 1 };
            nint count;
            do
            {
                count = Libc.SendMessage(descriptor, &message, NoSignal);
            }
            while (count < 0 && Libc.LastError == Errno.Interrupted);
            return count >= 0 ? (int)count : LastFailure();
        }
    }

    internal override int ReceiveBatch(Span<Datagram> datagrams)
    {
        int most = Math.Min(datagrams.Length, MostMessages);
        var messages = stackalloc BatchedMessage[most];
        var vectors = stackalloc IoVector[most];
        var names = stackalloc byte[most * LongestAddress];
        using var pins = new PinnedMemories(most);
        for (int i = 0; i < most; i++)
        {
            vectors[i] = new IoVector(pins.Pin(datagrams[i].Bytes), datagrams[i].Bytes.Length);
            messages[i] = new BatchedMessage
            {
                Header = { Name = names + i * LongestAddress, NameLength = LongestAddress, Vectors = vectors + i, VectorCount = 1 },
            };
        }

        int count;
        do
        {
            count = Libc.ReceiveMessages(descriptor, messages, (uint)most, 0, null);
        }
        while (count < 0 && Libc.LastError == Errno.Interrupted);
        if (count < 0)
        {
            return LastFailure();
        }

        for (int i = 0; i < count; i++)
        {
            ref var datagram = ref datagrams[i];
            datagram.Length = (int)messages[i].Length;
            datagram.Truncated = (messages[i].Header.Flags & TruncatedFlag) != 0;
            int length = (int)messages[i].Header.NameLength;
            datagram.Address ??= new SocketAddress(family, LongestAddress);
            new ReadOnlySpan<byte>(names + i * LongestAddress, length).CopyTo(datagram.Address.Buffer.Span);
            datagram.Address.Size = length;
        }

        return count;
    }

    internal override int SendBatch(ReadOnlySpan<Datagram> datagrams)
    {
        int most = Math.Min(datagrams.Length, MostMessages);
        var messages = stackalloc BatchedMessage[most];
        var vectors = stackalloc IoVector[most];
        var names = stackalloc byte[most * LongestAddress];
        using var pins = new PinnedMemories(most);
        for (int i = 0; i < most; i++)
        {
            var datagram = datagrams[i];
            vectors[i] = new IoVector(pins.Pin(datagram.Bytes), datagram.Bytes.Length);
            messages[i] = new BatchedMessage { Header = { Vectors = vectors + i, VectorCount = 1 } };
            if (datagram.Address is { } address)
            {
                address.Buffer.Span[..address.Size].CopyTo(new Span<byte>(names + i * LongestAddress, LongestAddress));
                messages[i].Header.Name = names + i * LongestAddress;
                messages[i].Header.NameLength = (uint)address.Size;
            }
        }

        int count;
        do
        {
            count = Libc.SendMessages(descriptor, messages, (uint)most, NoSignal);
        }
        while (count < 0 && Libc.LastError == Errno.Interrupted);
        return count >= 0 ? count : LastFailure();
    }

    internal override SocketError Set(SocketSetting setting, int value)
    {
        const int SocketLevel = 1, TcpLevel = 6, IPv6Level = 41;
        (int level, int option) = setting switch
        {
            SocketSetting.NoDelay => (TcpLevel, 1),
            SocketSetting.KeepAlive => (SocketLevel, 9),
            SocketSetting.KeepAliveTime => (TcpLevel, 4),
            SocketSetting.KeepAliveInterval => (TcpLevel, 5),
            SocketSetting.KeepAliveCount => (TcpLevel, 6),
            SocketSetting.ReceiveBuffer => (SocketLevel, 8),
            SocketSetting.SendBuffer => (SocketLevel, 7),
            SocketSetting.ReuseAddress => (SocketLevel, 2),
            SocketSetting.ReusePort => (SocketLevel, 15),
            SocketSetting.DeferAccept => (TcpLevel, 9),
            SocketSetting.IPv6Only => (IPv6Level, 26),
            SocketSetting.Broadcast => (SocketLevel, 6),
            _ => throw new ArgumentOutOfRangeException(nameof(setting)),
        };
        return Checked(Libc.SetOption(descriptor, level, option, &value, sizeof(int)));
    }
}
