using System.Diagnostics;
using System.Text.Json;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>The figures of one plan. All but the threads come from the process that ran it.</summary>
internal sealed record Measurement(
    string Job, string Mode, int Concurrency, int Count, int Round,
    double Seconds, double IdealSeconds, double RequestsPerSecond, double P50, double P99,
    int Threads, int ThreadsBefore, double PeakMemory, double MemoryBefore, double CpuSeconds, long VoluntarySwitches, long InvoluntarySwitches)
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public long Switches => VoluntarySwitches + InvoluntarySwitches;

    /// <summary>Runs the plan on standard input, in this process.</summary>
    public static int Run()
    {
        Plan plan = JsonSerializer.Deserialize<Plan>(Console.In.ReadLine()!)!;
        Action<Plan, Latencies> run = plan.Mode switch
        {
            "blocking" => BlockingMode.Run,
            "threads" => ThreadPerJobMode.Run,
            "pool" => ThreadsMode.Run,
            "async" => AsyncMode.Run,
            "loop" => LoopMode.Run,
            "loop-threads" => LoopMode.RunWithThreads,
            var other => throw new ArgumentException($"There is no mode '{other}'."),
        };

        // .NET compiles code when it first runs, and better when it has run for a while: that is not what is compared.
        int few = Math.Min(plan.Concurrency, 64);
        Plan rehearsal = plan with { Concurrency = few, Count = plan.Fetches ? 8 * few : 40 };
        run(rehearsal, new Latencies(rehearsal.Count));
        double memory = Usage.Status("VmRSS") / 1024.0;
        int threads = (int)Usage.Status("Threads");

        var latencies = new Latencies(plan.Count);
        Usage before = Usage.Now();
        long start = Stopwatch.GetTimestamp();
        run(plan, latencies);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Usage used = Usage.Now() - before;

        Console.WriteLine(JsonSerializer.Serialize(
            new Measurement(
                plan.Job, plan.Mode, plan.Concurrency, plan.Count, Round: 0,
                seconds, plan.IdealSeconds, plan.Count / seconds, latencies.Quantile(0.5), latencies.Quantile(0.99),
                threads, threads, Usage.Status("VmHWM") / 1024.0, memory, used.CpuSeconds, used.Voluntary, used.Involuntary),
            Json));
        return 0;
    }
}
