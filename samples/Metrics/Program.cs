using EventLoop;
using EventLoop.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Metrics;

// What a loop counts, for Prometheus: curl http://127.0.0.1:9464/metrics. The dashboard beside this file shows it in Grafana.
// dotnet run --project samples/Metrics [-- PORT [SECONDS]]
int port = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 9464;
var span = args.Length > 1 ? TimeSpan.FromSeconds(int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture)) : Timeout.InfiniteTimeSpan;

using var provider = Sdk.CreateMeterProviderBuilder()
    .AddMeter(LoopTelemetry.Meter)
    .AddPrometheusHttpListener(options => (options.Host, options.Port) = ("127.0.0.1", port))
    .Build();

return Loop.RunMain(
    async () =>
    {
        Loop.Current.Diagnostics.StallLimit = TimeSpan.FromMilliseconds(250);
        await TaskGroup.Run(
            async group =>
            {
                var jobs = new AsyncQueue<int>(100).Named("jobs");
                for (int i = 0; i < 4; i++)
                {
                    group.StartSoon(() => WorkAsync(jobs), $"worker-{i}");
                }

                group.StartSoon(() => ProduceAsync(jobs), "producer");
                Console.WriteLine($"http://127.0.0.1:{port}/metrics");
                await Loop.Sleep(span);
                group.Cancel("the time is up");
            },
            "pipeline");
    },
    new LoopOptions { Name = "main" });

static async Coroutine ProduceAsync(AsyncQueue<int> jobs)
{
    for (int i = 0; ; i++)
    {
        await jobs.PutAsync(i);
        await Loop.Sleep(5);
    }
}

static async Coroutine WorkAsync(AsyncQueue<int> jobs)
{
    while (true)
    {
        int job = await jobs.GetAsync();
        await Loop.ToThread(() => Thread.Sleep(job % 20));
    }
}
