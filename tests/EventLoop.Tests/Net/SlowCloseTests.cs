using EventLoop.Net;
using EventLoop.Net.Connections;
using EventLoop.Polling;

namespace EventLoop.Tests.Net;

/// <summary>A close with something left, and a peer that takes it slowly, or not at all. The socket is played, and time is virtual.</summary>
public sealed class SlowCloseTests : LoopTest
{
    private const int Left = 40_000;

    private readonly ScriptedDevice device = new();

    [Fact]
    public void A_peer_that_takes_a_little_within_every_five_seconds_gets_all_of_what_was_left() => RunLoop(async () =>
    {
        var closing = await Begin(static connection => connection.DisposeAsync().AsTask());
        for (int sent = 1000; sent < Left; sent += 1000)
        {
            await Loop.Sleep(Seconds(4));
            closing.IsCompleted.Should().BeFalse();
            Take(1000);
            device.SentBytes.Should().Be(sent);
        }

        await Loop.Sleep(Seconds(4));
        Take(1000);
        await closing;
        device.SentBytes.Should().Be(Left);
        device.IsClosed.Should().BeTrue();
        device.WasAborted.Should().BeFalse("everything was sent");
    });

    [Fact]
    public void What_the_peers_system_acknowledges_counts_as_taken() => RunLoop(async () =>
    {
        device.Queued = 1_000_000;
        var closing = await Begin(static connection => connection.DisposeAsync().AsTask());
        while (device.Queued > 0)
        {
            await Loop.Sleep(Seconds(4));
            device.Queued -= 100_000;
            closing.IsCompleted.Should().BeFalse();
        }

        Take(Left);
        await closing;
        device.WasAborted.Should().BeFalse();
    });

    [Fact]
    public void A_peer_that_takes_nothing_holds_a_close_up_for_five_seconds_and_gets_a_reset() => RunLoop(async () =>
    {
        var began = Loop.Current.Time;
        await await Begin(static connection => connection.DisposeAsync().AsTask());
        (Loop.Current.Time - began).Should().BeCloseTo(Seconds(5), Seconds(1));
        device.SentBytes.Should().Be(0);
        device.WasAborted.Should().BeTrue("part of it is missing");
    });

    [Fact]
    public void A_raw_connection_leaves_its_client_a_minute_and_says_when_it_is_closed() => RunLoop(async () =>
    {
        var began = Loop.Current.Time;
        var closing = await Begin(static connection => new Raw(connection).Close()!.AsTask());
        await Loop.Sleep(Seconds(50));
        closing.IsCompleted.Should().BeFalse();
        Take(1000);
        await closing;
        (Loop.Current.Time - began).Should().BeCloseTo(Seconds(110), Seconds(7));
        device.WasAborted.Should().BeTrue();
    });

    [Fact]
    public void A_peer_that_acknowledges_nothing_of_what_its_system_could_have_gets_a_reset() => RunLoop(async () =>
    {
        var connection = new Connection(device.Open());
        device.Sends.Enqueue(Left);
        await connection.WriteAsync(new byte[Left]);
        await connection.DrainAsync();
        device.Queued = 20_000;
        device.IsLossy = true;
        await connection.DisposeAsync();
        device.WasAborted.Should().BeTrue();
    });

    private async Coroutine<Task> Begin(Func<Connection, Task> close)
    {
        var connection = new Connection(device.Open());
        await connection.WriteAsync(new byte[Left]);
        return close(connection);
    }

    private void Take(int count)
    {
        device.Sends.Enqueue(count);
        device.Ready(Readiness.Writable);
    }

    private sealed class Raw(Connection connection) : RawConnection(connection)
    {
        private protected override Exception Explain(Exception failure) => failure;

        private protected override void OnGone()
        {
        }
    }
}
