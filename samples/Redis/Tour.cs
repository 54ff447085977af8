using EventLoop;
using EventLoop.Samples;
using Redis.LoopRedis;
using StackExchange.Redis;

namespace Redis;

/// <summary>What a tutorial shows of Redis, step by step, all of it on the loop's thread.</summary>
internal static class Tour
{
    /// <summary>Of every key and channel: the server may be somebody's.</summary>
    public const string Prefix = "eventloop-sample:";

    public static async Coroutine RunAsync((string Host, int Port)? named, int commands, int rounds)
    {
        var own = new List<OwnServer>();
        try
        {
            var servers = new List<(string Host, int Port)>();
            if (named is { } server)
            {
                servers.Add(server);
            }
            else
            {
                _ = OwnServer.Redis.Find();
                own.AddRange(await Loop.Gather(OwnServer.StartAsync(OwnServer.Redis), OwnServer.StartAsync(OwnServer.Redis),
                    OwnServer.StartAsync(OwnServer.Redis)));
                servers.AddRange(own.Select(static server => (server.Host, server.Port)));
            }

            await using var multiplexer = await ConnectAsync(servers[0]);
            await using var client = await RedisClient.ConnectAsync(servers[0].Host, servers[0].Port);
            await OneServerAsync(multiplexer, client);
            await SeveralServersAsync(servers);
            await PoolAsync(servers[0]);
            await PipeliningAsync(multiplexer, client);
            await PubSubAsync(multiplexer, client);
            if (commands > 0)
            {
                await Figures.PrintAsync(multiplexer.GetDatabase(), client, commands, rounds);
            }
        }
        finally
        {
            foreach (var server in own)
            {
                await CancelScope.Run(async _ => await server.DisposeAsync(), TimeSpan.FromSeconds(10), shield: true);
            }

            if (own.Count > 0)
            {
                Console.WriteLine("stopped the servers");
            }
        }
    }

    private static async Coroutine<ConnectionMultiplexer> ConnectAsync((string Host, int Port) server) =>
        await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions { EndPoints = { { server.Host, server.Port } }, AbortOnConnectFail = true });

    private static async Coroutine OneServerAsync(ConnectionMultiplexer multiplexer, RedisClient client)
    {
        var database = multiplexer.GetDatabase();
        await database.StringSetAsync(Prefix + "greeting", "hello");
        string? other = await client.GetAsync(Prefix + "greeting");
        await client.SetAsync(Prefix + "visits", 41);
        long visits = await database.StringIncrementAsync(Prefix + "visits");
        Console.WriteLine($"one server: StackExchange.Redis wrote 'hello', LoopRedis read '{other}'; visits {visits}");
    }

    private static async Coroutine SeveralServersAsync(List<(string Host, int Port)> servers)
    {
        string[] answers = await Loop.Gather(servers.Select(AskAsync));
        Console.WriteLine($"several servers, asked at once: {string.Join(", ", answers)}");

        static async Coroutine<string> AskAsync((string Host, int Port) server)
        {
            await using var client = await RedisClient.ConnectAsync(server.Host, server.Port);
            await client.SetAsync(Prefix + "name", $"server {server.Port}");
            return (await client.GetAsync(Prefix + "name"))!;
        }
    }

    // Twelve workers wait for work in a blocking command, on four connections; a shared one would hold up everybody.
    private static async Coroutine PoolAsync((string Host, int Port) server)
    {
        await using var pool = new RedisPool(server.Host, server.Port, size: 4);
        await using var client = await RedisClient.ConnectAsync(server.Host, server.Port);
        int most = 0;
        var workers = Enumerable.Range(0, 12).Select(_ => Loop.CreateTask(pool.UseAsync(async Coroutine<string?> (lent) =>
        {
            most = Math.Max(most, pool.OpenCount);
            return (await lent.CallAsync("BLPOP", Prefix + "jobs", 10)).Items[1].Text;
        }))).ToList();
        for (int job = 0; job < 12; job++)
        {
            await client.CallAsync("RPUSH", Prefix + "jobs", $"job {job}");
        }

        string?[] done = await Loop.Gather(workers);
        Console.WriteLine($"a pool: 12 workers did {done.Distinct().Count()} jobs over {most} connections");
    }

    private static async Coroutine PipeliningAsync(ConnectionMultiplexer multiplexer, RedisClient client)
    {
        var database = multiplexer.GetDatabase();
        long[] theirs = await Loop.Gather(Enumerable.Range(0, 1000).Select(_ => database.StringIncrementAsync(Prefix + "pipelined")));
        long[] ours = await Loop.Gather(Enumerable.Range(0, 1000).Select(_ => client.IncrementAsync(Prefix + "pipelined")));
        Console.WriteLine($"pipelining: 2000 increments at once, the last answers {theirs.Max()} and {ours.Max()}; nobody waited for anybody else's round "
            + "trip");
    }

    private static async Coroutine PubSubAsync(ConnectionMultiplexer multiplexer, RedisClient client)
    {
        var loop = Loop.Current;
        var heard = new AsyncQueue<string>();
        var subscriber = multiplexer.GetSubscriber();
        var news = RedisChannel.Literal(Prefix + "news");

        // StackExchange.Redis calls back on threads of its own: Bind brings the call to the loop.
        await subscriber.SubscribeAsync(news, loop.Bind<RedisChannel, RedisValue>((_, message) => heard.TryPut($"StackExchange.Redis heard '{message}'")));
        using var subscription = await client.SubscribeAsync(Prefix + "news");
        var listening = Loop.CreateTask(async Coroutine () =>
        {
            await foreach (string message in subscription)
            {
                heard.TryPut($"LoopRedis heard '{message}'");
            }
        });
        await client.PublishAsync(Prefix + "news", "the loop turns");
        string[] both = [await heard.GetAsync(), await heard.GetAsync()];
        Console.WriteLine($"pub/sub: {string.Join(", ", both.Order())}");
        await subscriber.UnsubscribeAsync(news);
        listening.Cancel();
    }
}
