using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Tests.Net;

/// <summary>Bad luck, played from a script.</summary>
public sealed class ScriptedSocketTests() : IoTest(PollerKind.Auto)
{
    private const int Reset = -(int)SocketError.ConnectionReset;

    [Fact]
    public void A_send_goes_on_where_the_kernel_stopped() => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        foreach (int answer in new[] { 3, 1, StreamDevice.WouldBlock })
        {
            device.Sends.Enqueue(answer);
        }

        var socket = device.Open();
        var sending = Loop.CreateTask(socket.SendAsync(new byte[10]));
        await Yields(2);
        device.SentBytes.Should().Be(4);
        device.Ready(Readiness.Writable);
        sending.IsCompleted.Should().BeFalse("that was a false alarm");
        device.Sends.Enqueue(2);
        device.Sends.Enqueue(100);
        device.Ready(Readiness.Writable);
        (await sending).Should().Be(10);
        device.SentBytes.Should().Be(10);
    });

    [Fact]
    public void A_false_alarm_leaves_a_receive_waiting() => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        var socket = device.Open();
        var receiving = Loop.CreateTask(socket.ReceiveAsync(new byte[10]));
        await Yields(2);
        device.Ready(Readiness.Readable);
        device.Ready(Readiness.Writable);
        await Yields(2);
        receiving.IsCompleted.Should().BeFalse();
        device.Receives.Enqueue(7);
        device.Ready(Readiness.Readable);
        (await receiving).Should().Be(7);
    });

    [Fact]
    public void A_short_receive_saves_the_call_that_would_find_nothing_unless_the_peer_hung_up() => RunIo(async () =>
    {
        var device = new ScriptedDevice { IsTcp = true };
        var socket = device.Open();
        device.Receives.Enqueue(3);
        await socket.ReceiveAsync(new byte[10]);
        var receiving = Loop.CreateTask(socket.ReceiveAsync(new byte[10]));
        await Yields(2);
        device.Calls.Should().Be(1);
        device.Receives.Enqueue(4);
        device.Receives.Enqueue(Reset);
        device.Ready(Readiness.Readable | Readiness.Writable | Readiness.HangUp);
        (await receiving).Should().Be(4);
        (await Catch(socket.ReceiveAsync(new byte[10]))).Should().BeOfType<SocketException>("the reset stood behind the data");
    });

    [Fact]
    public void A_server_without_descriptors_tries_again_later_and_does_not_spin() => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        for (int i = 0; i < 2; i++)
        {
            device.Accepts.Enqueue(SocketError.TooManyOpenSockets);
        }

        device.Accepts.Enqueue(SocketError.Success);
        int served = 0;
        var server = new Server(device.Open(), async connection =>
        {
            served++;
            await connection.ReadToEndAsync();
        }, new ListenOptions());
        await Until(() => served == 1);
        device.Calls.Should().BeLessThan(6);
        Reported.Should().ContainSingle().Which.Message.Should().Contain("cannot accept");
        await server.StopAsync(Seconds(1));
    });

    [Fact]
    public void A_server_in_trouble_at_accepting_writes_a_line_now_and_then_and_says_how_often_it_failed() => RunLoop(
        async () =>
        {
            var device = new ScriptedDevice();
            for (int i = 0; i < 400; i++)
            {
                device.Accepts.Enqueue(SocketError.TooManyOpenSockets);
                device.Accepts.Enqueue(SocketError.Success);       // somebody gets through in between
            }

            int served = 0;
            var server = new Server(device.Open(), async _ => served++, new ListenOptions());
            await Until(() => served == 400);
            Reported.Should().ContainSingle().Which.Message.Should().EndWith("tries again");
            await Loop.Sleep(TimeSpan.FromMinutes(1));
            device.Accepts.Enqueue(SocketError.TooManyOpenSockets);
            device.Ready(Readiness.Readable);
            await Yields(2);
            Reported.Should().HaveCount(2);
            Reported[1].Message.Should().EndWith("(399 more failures since the last report)");
            await server.StopAsync(Seconds(1));
        },
        JumpingTime);

    [Theory]
    [InlineData(SocketError.AccessDenied)]
    [InlineData(SocketError.NoBufferSpaceAvailable)]
    [InlineData(SocketError.SocketError)]
    public void No_error_of_an_accept_ends_the_server(SocketError error) => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        device.Accepts.Enqueue(error);
        device.Accepts.Enqueue(SocketError.Success);
        int served = 0;
        var server = new Server(device.Open(), async _ => served++, new ListenOptions());
        await Until(() => served == 1);
        Reported.Should().ContainSingle().Which.Message.Should().Contain("cannot accept");
        await server.StopAsync(Seconds(1));
    });

    [Theory]
    [InlineData(SocketError.NetworkUnreachable)]
    [InlineData(SocketError.SocketError)]
    public void No_error_of_a_connect_is_taken_for_a_success(SocketError error) => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        device.Connects.Enqueue(error);
        var failure = (await Catch(device.Open().ConnectAsync(AnyPort))).Should().BeOfType<SocketException>().Subject;
        failure.SocketErrorCode.Should().Be(error);
        failure.Message.Should().Contain(AnyPort.ToString());
    });

    [Fact]
    public void Closing_fails_every_kind_of_wait() => RunIo(async () =>
    {
        using var file = File.OpenHandle(typeof(Loop).Assembly.Location);
        Func<LoopSocket, LoopAwaitable>[] kinds =
        [
            static socket => Loop.CreateTask(socket.AcceptAsync()),
            static socket => Loop.CreateTask(socket.ConnectAsync(AnyPort)),
            static socket => Loop.CreateTask(socket.ReceiveAsync(new byte[1])),
            static socket => Loop.CreateTask(socket.SendAsync(new byte[1])),
            static socket => Loop.CreateTask(socket.SendAsync(LoopSocketTests.Pieces(new byte[10], 3))),
            static socket => Loop.CreateTask(socket.WaitReadableAsync()),
            socket => Loop.CreateTask(socket.SendFileAsync(file, 0, 100)),
        ];
        foreach (var kind in kinds)
        {
            var device = new ScriptedDevice();
            device.Connects.Enqueue(SocketError.WouldBlock);
            var socket = device.Open();
            var waiting = kind(socket);
            await Yields(2);
            waiting.IsCompleted.Should().BeFalse();
            socket.Close();
            (await Catch(waiting)).Should().BeOfType<ObjectDisposedException>();
            device.IsClosed.Should().BeTrue();
        }
    });

    [Fact]
    public void A_socket_that_took_nothing_is_writable_when_the_system_says_so() => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        using var socket = device.Open();
        var sending = Loop.CreateTask(socket.SendAsync(new byte[1]));
        await Yields(2);
        sending.Cancel();
        await Catch(sending);
        var waiting = Loop.CreateTask(socket.WaitWritableAsync());
        await Yields(2);
        waiting.IsCompleted.Should().BeFalse();
        device.Ready(Readiness.Readable);
        await Yields(2);
        waiting.IsCompleted.Should().BeFalse("it is about the other direction");
        device.Ready(Readiness.Writable);
        await waiting;
    });

    [Fact]
    public void A_connection_that_died_before_it_was_accepted_is_passed_over() => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        device.Accepts.Enqueue(SocketError.ConnectionAborted);
        device.Accepts.Enqueue(SocketError.ConnectionReset);
        device.Accepts.Enqueue(SocketError.Success);
        (await device.Open().AcceptAsync()).Should().NotBeNull();
    });

    [Fact]
    public void A_connect_is_finished_only_when_it_is_writable() => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        device.Connects.Enqueue(SocketError.WouldBlock);
        var connecting = Loop.CreateTask(device.Open().ConnectAsync(AnyPort));
        await Yields(2);
        device.Ready(Readiness.Readable);
        connecting.IsCompleted.Should().BeFalse();
        device.Connects.Enqueue(SocketError.HostUnreachable);
        device.Ready(Readiness.Writable);
        var failure = (await Catch(connecting)).Should().BeOfType<SocketException>().Subject;
        failure.SocketErrorCode.Should().Be(SocketError.HostUnreachable);
        failure.Message.Should().Contain(AnyPort.ToString());
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_socket_whose_own_finalizer_may_have_closed_it_is_not_read_nor_asked_when_its_loop_closes_it(bool lost) => RunIo(async () =>
    {
        await Loop.Yield();
        var device = new ScriptedDevice { IsLost = lost };
        device.Receives.Enqueue(7);
        var ready = new DeviceReadiness(LoopCore.Required, device, null);
        ready.State |= SocketState.DropsUnread;
        ready.CloseForgotten(Loop.Current, null);
        device.IsClosed.Should().BeTrue();
        device.Calls.Should().Be(lost ? 0 : 2, "the number may be another file's");
        device.Questions.Should().Be(lost ? 0 : 1);
    });

    [Fact]
    public void A_flush_completes_below_the_mark_and_the_rest_goes_out_later() => RunIo(async () =>
    {
        var device = new ScriptedDevice();
        var connection = new Connection(device.Open());
        connection.Output.Write(new byte[50_000]);
        device.Sends.Enqueue(10_000);
        await connection.Output.FlushAsync();
        device.SentBytes.Should().Be(10_000);
        connection.Output.Write(new byte[50_000]);
        var flushing = Loop.CreateTask(connection.FlushAsync());
        await Yields(2);
        flushing.IsCompleted.Should().BeFalse("90 000 bytes are unsent");
        device.Sends.Enqueue(50_000);
        device.Ready(Readiness.Writable);
        await Yields(2);
        flushing.IsCompleted.Should().BeFalse("40 000 are still more than the low mark");
        device.Sends.Enqueue(30_000);
        device.Ready(Readiness.Writable);
        await flushing;
        device.Sends.Enqueue(1_000_000);
        device.Ready(Readiness.Writable);
        device.SentBytes.Should().Be(100_000);
    });
}
