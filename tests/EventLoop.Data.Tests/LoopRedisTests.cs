using System.Text;
using EventLoop.Net;
using EventLoop.Samples;
using Redis.LoopRedis;

namespace EventLoop.Data.Tests;

/// <summary>The sample's own client, against a real server behind a wire that fails.</summary>
public sealed class LoopRedisTests(Servers servers)
{
    [Fact]
    public void Commands_and_their_answers() => OnWire(async (wire, client) =>
    {
        string key = $"key {Guid.NewGuid()}";
        (await client.GetAsync(key)).Should().BeNull();
        await client.SetAsync(key, "grün");
        (await client.GetAsync(key)).Should().Be("grün");
        await client.SetAsync(key, 41);
        (await client.IncrementAsync(key)).Should().Be(42);
        byte[] bytes = [.. Enumerable.Range(0, 100_000).Select(static i => (byte)i)];
        await client.SetAsync(key, bytes);
        (await client.CallAsync("GET", key)).Bytes.Should().Equal(bytes);
        (await client.CallAsync("HELLO", 3)).Kind.Should().Be(ReplyKind.Map);
        (await client.CallAsync("COMMAND")).Items.Should().HaveCountGreaterThan(100);
        Func<Task> refused = () => client.CallAsync("INCR", key).AsTask();
        (await refused.Should().ThrowAsync<RedisException>()).WithMessage("*not an integer*");
        client.IsBroken.Should().BeFalse();
    });

    [Fact]
    public void What_all_tasks_ask_for_in_one_turn_goes_out_in_one_send_and_answers_come_in_order() => Loop.Run(async Coroutine () =>
    {
        var reads = new List<int>();
        await using var server = Tcp.Listen("127.0.0.1", 0, async connection =>
        {
            byte[] block = new byte[64 * 1024];
            int answered = 0;
            while (await connection.ReadAsync(block) is > 0 and var count)
            {
                int commands = Encoding.UTF8.GetString(block, 0, count).Split('*').Length - 1;
                reads.Add(commands);
                await connection.WriteAsync(string.Concat(Enumerable.Range(0, commands).Select(_ => $":{answered++}\r\n")));
            }
        });
        await using var client = await RedisClient.ConnectAsync("127.0.0.1", ((System.Net.IPEndPoint)server.EndPoint).Port);
        long[] answers = await Loop.Gather(Enumerable.Range(0, 100).Select(async Coroutine<long> (i) => (await client.CallAsync("ECHO", i)).Number));
        answers.Should().Equal(Enumerable.Range(1, 100).Select(static i => (long)i));
        reads.Should().Equal(1, 100);
    });

    [Fact]
    public void A_silent_server_holds_up_nobody_longer_than_his_time_limit_and_late_answers_are_dropped() => OnWire(async (wire, client) =>
    {
        await client.SetAsync("late", "first");
        wire.Silence();
        await Loop.Gather(Enumerable.Range(0, 50).Select(async Coroutine (_) =>
            (await CancelScope.MoveOnAfter(TimeSpan.FromMilliseconds(50), async Coroutine (_) => { await client.GetAsync("late"); })).Should().BeFalse()));
        client.WaitingCount.Should().Be(50);
        wire.Restore();
        await client.SetAsync("late", "second");
        (await client.GetAsync("late")).Should().Be("second");
        client.WaitingCount.Should().Be(0);
    });

    [Fact]
    public void A_server_that_goes_away_fails_all_who_wait_and_who_come_later_and_the_pool_connects_again() => OnServer(async server =>
    {
        await using var wire = new Wire(server.Host, server.Port);
        await using var pool = new RedisPool("127.0.0.1", wire.Port, 2);
        RedisClient? seen = null;
        var waits = Enumerable.Range(0, 3).Select(_ => Loop.CreateTask(pool.UseAsync(async Coroutine<Reply> (client) =>
        {
            seen = client;
            return await client.CallAsync("BLPOP", "nothing", 30);
        }))).ToList();
        await Loop.Sleep(100);
        wire.Cut();
        await Loop.Wait(waits.Take(2));
        waits.Take(2).Should().OnlyContain(static task => task.Exception is RedisConnectionException);
        Func<Task> later = () => seen!.GetAsync("x").AsTask();
        waits[2].Cancel();
        await Loop.Wait([waits[2]]);
        (await pool.UseAsync(async Coroutine<string?> (client) => await PingAsync(client))).Should().Be("PONG");
        pool.OpenCount.Should().Be(1);
        seen!.IsBroken.Should().BeTrue();
        await later.Should().ThrowAsync<RedisConnectionException>();
    });

    [Fact]
    public void Who_waits_for_a_connection_of_an_empty_pool_is_bounded_and_takes_none_with_him() => OnServer(async server =>
    {
        await using var pool = new RedisPool(server.Host, server.Port, 1);
        var lent = Loop.CreateTask(pool.UseAsync(async Coroutine<Reply> (client) => await client.CallAsync("BLPOP", "nothing", 30)));
        await Loop.Sleep(50);
        (await CancelScope.MoveOnAfter(TimeSpan.FromMilliseconds(50), async Coroutine (_) => { await pool.UseAsync(PingAsync); })).Should().BeFalse();
        lent.Cancel();
        await Loop.Wait([lent]);
        (await pool.UseAsync(PingAsync)).Should().Be("PONG");
        pool.OpenCount.Should().Be(1, "the one whose user gave up in the middle was closed");
    });

    [Fact]
    public void A_subscription_lives_beside_commands_and_ends_with_its_connection() => OnWire(async (wire, client) =>
    {
        string channel = $"news {Guid.NewGuid()}";
        using var subscription = await client.SubscribeAsync(channel);
        var heard = new List<string>();
        var listening = Loop.CreateTask(async Coroutine () =>
        {
            await foreach (string message in subscription)
            {
                heard.Add(message);
            }
        });
        long[] got = await Loop.Gather(Enumerable.Range(0, 5).Select(i => client.PublishAsync(channel, i)));
        got.Should().OnlyContain(static count => count == 1);
        (await PingAsync(client)).Should().Be("PONG");
        while (heard.Count < 5)
        {
            await Loop.Sleep(1);
        }

        heard.Should().Equal("0", "1", "2", "3", "4");
        wire.Cut();
        await Loop.Wait([listening]);
        listening.Exception.Should().BeOfType<RedisConnectionException>();
    });

    [Fact]
    public void A_subscription_that_is_not_read_is_ended_and_the_connection_goes_on() => OnWire(async (wire, client) =>
    {
        string channel = $"news {Guid.NewGuid()}";
        using var subscription = await client.SubscribeAsync(channel);
        await Loop.Gather(Enumerable.Range(0, 1100).Select(i => client.PublishAsync(channel, i)));
        int read = 0;
        Func<Task> all = async () =>
        {
            await foreach (string message in subscription)
            {
                read++;
            }
        };
        (await all.Should().ThrowAsync<RedisException>()).WithMessage("*were not read*");
        read.Should().Be(1000);
        (await client.PublishAsync(channel, "is anybody there?")).Should().Be(0);
    });

    [Fact]
    public void A_subscription_that_the_server_refuses_takes_no_answer_of_others() => Loop.Run(async Coroutine () =>
    {
        await using var server = Tcp.Listen("127.0.0.1", 0, async connection =>
        {
            byte[] block = new byte[64 * 1024];
            while (await connection.ReadAsync(block) is > 0 and var count)
            {
                foreach (string command in Encoding.UTF8.GetString(block, 0, count).Split('*', StringSplitOptions.RemoveEmptyEntries))
                {
                    string[] words = command.Split("\r\n");
                    await connection.WriteAsync(words[2] switch
                    {
                        "HELLO" => "+OK\r\n",
                        "SUBSCRIBE" => "-NOPERM no\r\n",
                        _ => $"$1\r\n{words[4]}\r\n",
                    });
                }
            }
        });
        await using var client = await RedisClient.ConnectAsync("127.0.0.1", ((System.Net.IPEndPoint)server.EndPoint).Port);
        await Loop.Timeout(TimeSpan.FromSeconds(30), async Coroutine (_) =>
        {
            var subscribing = Loop.CreateTask(client.SubscribeAsync("news"));
            await Loop.Sleep(TimeSpan.Zero);
            string?[] got = await Loop.Gather(client.GetAsync("a"), client.GetAsync("b"));
            got.Should().Equal("a", "b");
            await Loop.Wait([subscribing]);
            subscribing.Exception.Should().BeOfType<RedisException>().Which.Message.Should().Be("NOPERM no");
        });
        client.WaitingCount.Should().Be(0);
        client.IsBroken.Should().BeFalse();
    });

    private static async Coroutine<string?> PingAsync(RedisClient client) => (await client.CallAsync("PING")).Text;

    private void OnServer(Func<OwnServer, Coroutine> body)
    {
        var server = servers.Get(OwnServer.Redis);
        Loop.Run(async Coroutine () => await Loop.Timeout(TimeSpan.FromSeconds(60), async Coroutine (_) => await body(server)));
    }

    private void OnWire(Func<Wire, RedisClient, Coroutine> body) => OnServer(async server =>
    {
        await using var wire = new Wire(server.Host, server.Port);
        await using var client = await RedisClient.ConnectAsync("127.0.0.1", wire.Port);
        await body(wire, client);
    });
}
