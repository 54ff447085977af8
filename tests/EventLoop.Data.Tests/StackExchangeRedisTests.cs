using System.Diagnostics;
using EventLoop.Samples;
using StackExchange.Redis;

namespace EventLoop.Data.Tests;

/// <summary>StackExchange.Redis on the loop: it takes no tokens, so a wait ends at once, and its late answer is dropped by the client.</summary>
public sealed class StackExchangeRedisTests(Servers servers)
{
    [Fact]
    public void A_silent_server_holds_up_nobody_longer_than_his_time_limit_and_the_loop_goes_on() => OnWire(async (wire, database) =>
    {
        await database.StringSetAsync("late", "first");
        var worst = await Heartbeat.DuringAsync(async () =>
        {
            wire.Silence();
            long began = Stopwatch.GetTimestamp();
            bool inTime = await CancelScope.MoveOnAfter(TimeSpan.FromSeconds(0.2), async Coroutine (_) => { await database.StringGetAsync("late"); });
            inTime.Should().BeFalse();
            Stopwatch.GetElapsedTime(began).Should().BeLessThan(TimeSpan.FromSeconds(1.5));
            wire.Restore();
        });
        worst.Should().BeLessThan(TimeSpan.FromSeconds(1.5));
        await database.StringSetAsync("late", "second");
        ((string?)await database.StringGetAsync("late")).Should().Be("second");
    });

    [Fact]
    public void It_connects_again_by_itself_when_the_server_that_went_away_is_back() => OnWire(async (wire, database) =>
    {
        await database.StringSetAsync("back", "yes");
        var asked = Loop.CreateTask(async Coroutine () => { await database.ExecuteAsync("BLPOP", "nothing", 30); });
        await Loop.Sleep(100);
        wire.Cut();
        await Loop.Wait([asked]);
        asked.Exception.Should().BeAssignableTo<RedisConnectionException>();
        string? answer = null;
        while (answer is null)
        {
            try
            {
                answer = await database.StringGetAsync("back");
            }
            catch (RedisConnectionException)
            {
                await Loop.Sleep(50);
            }
        }

        answer.Should().Be("yes");
    });

    [Fact]
    public void What_it_calls_on_threads_of_its_own_reaches_the_loop_by_Bind() => OnWire(async (wire, database) =>
    {
        var loop = Loop.Current;
        var heard = new AsyncQueue<(string, bool)>();
        var subscriber = database.Multiplexer.GetSubscriber();
        var channel = RedisChannel.Literal($"news {Guid.NewGuid()}");
        await subscriber.SubscribeAsync(channel, loop.Bind<RedisChannel, RedisValue>((_, message) => heard.TryPut((message!, loop.IsInLoopThread))));
        await subscriber.PublishAsync(channel, "hello");
        (await heard.GetAsync()).Should().Be(("hello", true));
    });

    private void OnWire(Func<Wire, IDatabase, Coroutine> body)
    {
        var server = servers.Get(OwnServer.Redis);
        Loop.Run(async Coroutine () =>
        {
            await using var wire = new Wire(server.Host, server.Port);
            await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions { EndPoints = { { "127.0.0.1", wire.Port } },
                ReconnectRetryPolicy = new LinearRetry(100) });
            await Loop.Timeout(TimeSpan.FromSeconds(60), async Coroutine (_) => await body(wire, multiplexer.GetDatabase()));
        });
    }
}
