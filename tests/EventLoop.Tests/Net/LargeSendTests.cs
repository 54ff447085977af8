using System.Buffers;
using System.IO.Pipelines;
using EventLoop.Net;
using EventLoop.Polling;

namespace EventLoop.Tests.Net;

/// <summary>A receiver that takes whatever is sent, as fast as it comes: the loop still has its turns.</summary>
public sealed class LargeSendTests() : IoTest(PollerKind.Auto)
{
    private const int Megabyte = 1024 * 1024;
    private const int Length = 64 * Megabyte;
    private const int MostInTurn = 16 * Megabyte;

    private readonly ScriptedDevice device = new();
    private long most;

    [Fact]
    public void A_send_of_many_megabytes_leaves_others_their_turns() => Sends(static socket => Ignore(socket.SendAsync(new byte[Length])));

    [Fact]
    public void A_send_of_a_sequence_of_large_pieces_leaves_others_their_turns() =>
        Sends(static socket => Ignore(socket.SendAsync(LoopSocketTests.Pieces(new byte[Length], Length - 5))));

    [Fact]
    public void A_send_of_a_sequence_of_small_pieces_leaves_others_their_turns() =>
        Sends(static socket => Ignore(socket.SendAsync(LoopSocketTests.Pieces(new byte[Length], Megabyte))));

    [Fact]
    public void A_file_that_the_socket_sends_leaves_others_their_turns() => Sends(static async socket =>
    {
        using var file = OpenFile();
        await socket.SendFileAsync(file, 0, Length);
    });

    [Fact]
    public void A_file_that_a_connection_sends_leaves_others_their_turns() => Sends(static async socket =>
    {
        using var file = OpenFile();
        await new Connection(socket).SendFileAsync(file, 0, Length);
    });

    [Fact]
    public void A_write_of_many_megabytes_leaves_others_their_turns() => Sends(static socket => Ignore(new Connection(socket).WriteAsync(new byte[Length])));

    [Fact]
    public void Many_sends_that_complete_at_once_leave_others_their_turns() => Sends(static async socket =>
    {
        var part = new byte[Megabyte];
        for (int i = 0; i < Length / Megabyte; i++)
        {
            await socket.SendAsync(part);
        }
    });

    [Fact]
    public void A_flush_of_many_megabytes_leaves_others_their_turns() => Sends(static async socket =>
    {
        var output = new Connection(socket).Output;
        for (int i = 0; i < Length / Megabyte; i++)
        {
            output.Write(new byte[Megabyte]);
        }

        await output.FlushAsync();
        while (output.UnflushedBytes > 0)
        {
            await Loop.Yield();
        }
    });

    [Fact]
    public void Many_receives_that_complete_at_once_leave_others_their_turns() => RunIo(async () =>
    {
        var socket = device.Open();
        long received = 0;
        for (int i = 0; i < 64; i++)
        {
            device.Receives.Enqueue(Megabyte);
        }

        var receiving = Loop.CreateTask(Receive);
        long before = 0, mostReceived = 0;
        while (!receiving.IsCompleted)
        {
            await Loop.Yield();
            mostReceived = Math.Max(mostReceived, received - before);
            before = received;
        }

        received.Should().Be(Length);
        mostReceived.Should().BeInRange(1, 3 * Megabyte);

        async Coroutine Receive()
        {
            var buffer = new byte[Megabyte];
            while (received < Length)
            {
                received += await socket.ReceiveAsync(buffer);
            }
        }
    });

    private void Sends(Func<LoopSocket, Coroutine> send) => RunIo(async () =>
    {
        for (int i = 0; i < 1000; i++)
        {
            device.Sends.Enqueue(int.MaxValue);
        }

        var sending = Loop.CreateTask(send(device.Open()));
        long before = 0;
        while (device.SentBytes < Length)
        {
            await Loop.Yield();
            most = Math.Max(most, device.SentBytes - before);
            before = device.SentBytes;
        }

        await sending;
        device.SentBytes.Should().Be(Length);
        most.Should().BeInRange(1, MostInTurn);
    });

    private static async Coroutine Ignore<T>(Coroutine<T> sending) => await sending;

    private static Microsoft.Win32.SafeHandles.SafeFileHandle OpenFile()
    {
        string path = Path.GetTempFileName();
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, FileOptions.DeleteOnClose);
        RandomAccess.SetLength(file, Length);
        return file;
    }
}
