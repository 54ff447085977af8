// Work for a cluster: silos that compute, and a program with a loop that submits.
//
//     dotnet run --project samples/Cluster -- silo   --redis 127.0.0.1:6379      (as often as you like)
//     dotnet run --project samples/Cluster -- submit --redis 127.0.0.1:6379
//     dotnet run --project samples/Cluster -- demo       a Redis and three silos of its own; one silo is killed by SIGKILL in the middle, and nothing is lost

using System.Diagnostics;
using Cluster;
using EventLoop;
using EventLoop.Orleans;
using EventLoop.Samples;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

const string usage = """
    Usage: dotnet run --project samples/Cluster -- silo | submit | demo [options]

      --redis ADDRESS   where the membership is kept (default 127.0.0.1:6379; demo starts one of its own)
      --jobs N          how many pieces of work (default 60)
      --time MS         how long each of them computes (default 200)
    """;

if (args is not [("silo" or "submit" or "demo") and var role, .. var rest])
{
    Console.Error.WriteLine(usage);
    return 2;
}

return CommandLine.Run(rest, usage, line =>
{
    string redis = line.Text("--redis") ?? "127.0.0.1:6379";
    int jobs = line.Number("--jobs", 60, 1);
    int time = line.Number("--time", 200, 1);
    line.ExpectNoMore();
    return role switch
    {
        "silo" => Loop.RunMain(async Coroutine<int> () => await RunSilo(redis)),
        "submit" => Loop.RunMain(async Coroutine<int> () => await Submit(redis, jobs, time, null)),
        _ => Loop.RunMain(async Coroutine<int> () => await Demo(jobs, time)),
    };
});

static async Coroutine<int> RunSilo(string redis)
{
    using var host = Hosts.Silo(redis);
    if (!await Hosts.StartAsync(host, redis, "the silo joins the cluster"))
    {
        return 3;
    }

    Console.WriteLine("silo is ready");
    try
    {
        await Loop.Sleep(Timeout.InfiniteTimeSpan);
    }
    finally
    {
        if (!await CancelScope.Run(async _ => await host.StopAsync(), TimeSpan.FromSeconds(20), shield: true))
        {
            // Disposing it would wait for the same. The others find out that it is gone.
            Console.Error.WriteLine("The silo cannot take leave of the cluster in time, perhaps because Redis is away: it ends without.");
            Environment.Exit(3);
        }
    }

    return 0;
}

static async Coroutine<int> Submit(string redis, int jobs, int time, Action<int>? onDone)
{
    using var host = Hosts.Client(redis);
    if (!await Hosts.StartAsync(host, redis, $"no silo is at {redis} yet; start one with 'silo --redis {redis}'"))
    {
        return 3;
    }

    var cluster = host.Services.GetRequiredService<ClusterExecutor>();
    var watch = Stopwatch.StartNew();
    var silos = new Dictionary<string, int>();
    var seen = new HashSet<int>();

    // Computing may be done twice, so it may be retried. What has effects would look at ClusterWork.IdempotencyKey first.
    await foreach (var (job, outcome) in cluster.Retry(attempts: 10).AsCompleted(Compute, Enumerable.Range(0, jobs).Select(number => (number, time))))
    {
        var (silo, attempt) = outcome.Value;
        seen.Add(job.number);
        silos[silo] = silos.GetValueOrDefault(silo) + 1;
        if (attempt > 1)
        {
            Console.WriteLine($"job {job.number} was lost with its silo, and was done by attempt {attempt}");
        }

        onDone?.Invoke(seen.Count);
    }

    var statistics = cluster.Statistics;
    Console.WriteLine($"{seen.Count} of {jobs} jobs done in {watch.Elapsed.TotalSeconds:F1} s by {silos.Count} silos; {statistics.Lost} lost, "
        + $"{statistics.Retried} retried");
    await host.StopAsync();
    return seen.Count == jobs ? 0 : 1;
}

static (string Silo, int Attempt) Compute((int Number, int Milliseconds) job)
{
    var watch = Stopwatch.StartNew();
    while (watch.ElapsedMilliseconds < job.Milliseconds)
    {
        Thread.SpinWait(10_000);
    }

    return (ClusterWork.Silo!, ClusterWork.Attempt);
}

static async Coroutine<int> Demo(int jobs, int time)
{
    try
    {
        await using var server = await OwnServer.StartAsync(OwnServer.Redis);
        string redis = $"{server.Host}:{server.Port}";
        var silos = new List<Subprocess>();
        try
        {
            for (int i = 0; i < 3; i++)
            {
                var silo = await Subprocess.StartAsync(Again("silo", "--redis", redis) with { Output = Stdio.Pipe, KillOnParentExit = true });
                silos.Add(silo);
                Console.WriteLine($"{silo}: {await silo.Output.ReadLineAsync()}");
            }

            return await Submit(redis, jobs, time, done =>
            {
                if (done == jobs / 3)
                {
                    Console.WriteLine($"killing {silos[1]}");
                    silos[1].Kill();
                }
            });
        }
        finally
        {
            foreach (var silo in silos)
            {
                await silo.DisposeAsync();
            }
        }
    }
    catch (ServerMissingException missing)
    {
        Console.Error.WriteLine(missing.Message);
        return 3;
    }
}

// This program once more.
static ProcessCommand Again(params string[] arguments)
{
    string program = Environment.ProcessPath!;
    bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
    return new ProcessCommand(program, isHost ? [typeof(Hosts).Assembly.Location, .. arguments] : arguments);
}
