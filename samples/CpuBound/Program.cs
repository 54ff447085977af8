// What an event loop is not for, and how to hand such work off.
//
//     dotnet run -c Release --project samples/CpuBound
//
// Twenty jobs of pure computing run in six ways. A loop has one thread: a job that computes on it holds up everything else that
// lives there, and nothing gets faster. RunInExecutor computes on the thread pool while the loop stays responsive; a
// ProcessExecutor does so in processes of their own, which can be stopped in the middle and may crash, and a ClusterExecutor
// on any number of machines: here two silos, which are processes of this program.
// Parallel.For is as fast, but it blocks its caller, so it belongs into programs without a loop, or behind RunInExecutor.

using CpuBound;
using EventLoop;
using EventLoop.Samples;

const string usage = """
    Usage: dotnet run -c Release --project samples/CpuBound [-- options]

      --jobs N   how many jobs (default 20)
      --size N   each job is the sum of i*i for i below N (default 10000000)
    """;

if (args is ["silo", var port, var gateway, var primary])
    return await OwnCluster.BeSiloAsync(int.Parse(port), int.Parse(gateway), int.Parse(primary));

return CommandLine.Run(args, usage, line =>
{
    var work = new Work(line.Number("--jobs", 20, least: 1, most: 100_000), line.Number("--size", 10_000_000, least: 1));
    line.ExpectNoMore();
    try
    {
        Console.WriteLine($"{work.Jobs} jobs, each the sum of i*i for i below {work.Size:N0}, on {Environment.ProcessorCount} processors.");
        Console.WriteLine();
        Console.WriteLine($"{"",-30}{"time",10}{"loop held up for",20}");

        Report("inline, without a loop", work.Inline());
        Report("on the loop", Loop.Run(work.OnTheLoopAsync));
        Report("on the loop, RunInExecutor", Loop.Run(work.InExecutorAsync));
        if (OperatingSystem.IsLinux())
        {
            Report("on the loop, worker processes", Loop.Run(work.InProcessesAsync));
            Console.Error.WriteLine("(two silos join a cluster: some seconds)");
            Report("on the loop, two silos", Loop.Run(work.InClusterAsync));
        }

        Report("Parallel.For, without a loop", work.ParallelFor());

        Console.WriteLine();
        Console.WriteLine("""
            Tasks on a loop take turns; they do not run at the same time. They pay where work waits (network, disk, timers), not where it
            computes. Hand computing off and await its result:  int answer = await Loop.RunInExecutor(null, () => Compute());
            """);
        return 0;
    }
    catch (LoopInterruptedException interrupted)
    {
        Console.Error.WriteLine("Interrupted.");
        return interrupted.ExitCode;
    }
});

static void Report(string mode, Result result)
{
    string heldUp = result.LongestPause is { } pause ? $"{pause.TotalMilliseconds:N0} ms" : "-";
    Console.WriteLine($"{mode,-30}{result.Time.TotalMilliseconds,7:N0} ms{heldUp,20}");
}
