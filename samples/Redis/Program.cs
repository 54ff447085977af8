// Redis from the loop in two ways: by StackExchange.Redis, the usual client of .NET, and by LoopRedis,
// a client of a few hundred lines on the library's own connections.
//
//     dotnet run -c Release --project samples/Redis
//     dotnet run -c Release --project samples/Redis -- --server 127.0.0.1:6379 --commands 50000
//
// Without --server it starts redis-servers of its own on free ports of 127.0.0.1, and ends them. Ends on Ctrl-C and SIGTERM.

using EventLoop;
using EventLoop.Samples;
using Redis;

const string usage = """
    Usage: dotnet run -c Release --project samples/Redis [-- options]

      --server HOST:PORT   a server that runs (default: servers of the sample's own, in temporary folders)
      --commands N         how many commands each figure is taken of (default 20000; 0: no figures)
      --rounds N           each figure is the median of so many alternating rounds (default 3)

    In a server that was named it writes keys that begin with eventloop-sample: (they stay), and publishes on the channel
    eventloop-sample:news. It touches nothing else.
    """;

return CommandLine.Run(args, usage, line =>
{
    string? named = line.Text("--server");
    int commands = line.Number("--commands", 20_000, least: 0, most: 10_000_000);
    int rounds = line.Number("--rounds", 3, least: 1, most: 100);
    line.ExpectNoMore();
    var server = named is null ? ((string, int)?)null : Address.Parse("--server", named);
    if (server is null && !OwnServer.Redis.IsInstalled)
    {
        Console.Error.WriteLine(OwnServer.Redis.HowToInstall);
        return 3;
    }

    return Loop.RunMain(async Coroutine<int> () =>
    {
        try
        {
            await Tour.RunAsync(server, commands, rounds);
            return 0;
        }
        catch (Exception failure) when (IsOfServer(failure))
        {
            Console.Error.WriteLine($"Redis{(named is null ? "" : $" on {named}")}: {(failure as AggregateException)?.InnerExceptions[0].Message ?? failure.Message}");
            return 1;
        }
    });
});

// Tasks of a group fail together.
static bool IsOfServer(Exception failure) => failure is StackExchange.Redis.RedisException or Redis.LoopRedis.RedisException or TimeoutException or IOException
    or System.Net.Sockets.SocketException || (failure is AggregateException { InnerExceptions: var all } && all.All(IsOfServer));
