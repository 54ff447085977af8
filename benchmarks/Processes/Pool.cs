using System.Diagnostics;
using EventLoop;

namespace Processes;

/// <summary>Worker processes.</summary>
internal static class Pool
{
    public static async Coroutine RoundTrips(Report report)
    {
        const int calls = 3000;
        await using var pool = new ProcessExecutor(new ProcessExecutorOptions { Workers = 1 });
        await pool.WarmUpAsync();
        List<double> small = [], large = [], micros = [], megabytes = [];
        var numbers = new double[131_072];
        var block = new byte[1 << 20];
        for (int i = 0; i < report.Rounds + 1; i++)
        {
            double ours = await Time(calls, async Coroutine () => await pool.Run(static x => x + 1, 1));
            double thread = await Time(calls, async Coroutine () => await Loop.ToThread(static () => 1));
            double array = await Time(50, async Coroutine () => await pool.Run(static values => values, numbers));
            double echo = await Time(50, async Coroutine () => await pool.Run(static bytes => bytes, block));
            if (i > 0)
            {
                small.Add(ours / thread);
                micros.Add(ours * 1000);
                large.Add(array / echo);
                megabytes.Add(array);
            }
        }

        report.Add("pool: Run(x => x + 1), by Loop.ToThread", Report.Median(small), goal: 3);
        report.Add("    one", Report.Median(micros), "us");
        report.Add("pool: double[131072] there and back, by 1 MiB of bytes", Report.Median(large), goal: 2.5);
        report.Add("    one", Report.Median(megabytes), "ms");
    }

    public static async Coroutine Stops(Report report)
    {
        List<double> ready = [], waiter = [], free = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            var time = Stopwatch.StartNew();
            await Subprocess.RunAsync(Environment.ProcessPath!, Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
                ? [typeof(Pool).Assembly.Location, "empty"] : ["empty"]);
            double empty = time.Elapsed.TotalMilliseconds;
            await using var pool = new ProcessExecutor(new ProcessExecutorOptions { Workers = 1, CancelGrace = TimeSpan.FromMilliseconds(100) });
            time.Restart();
            await pool.WarmUpAsync();
            ready.Add(time.Elapsed.TotalMilliseconds / empty);
            var running = Loop.CreateTask(pool.Run(Endless));
            await Loop.Sleep(TimeSpan.FromMilliseconds(50));
            int id = pool.GetWorkers()[0].ProcessId;
            time.Restart();
            running.Cancel();
            await Loop.Wait([running]);
            waiter.Add(time.Elapsed.TotalMilliseconds);
            while (pool.GetWorkers().Any(worker => worker.ProcessId == id))
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            }

            free.Add(time.Elapsed.TotalMilliseconds);
        }

        report.Add("worker: start to ready, by an empty program's run", Report.Median(ready), goal: 1.75);
        report.Add("cancel of endless work: the waiter continues after", Report.Median(waiter), "ms", goal: 20);
        report.Add("    the processor is free after, with a grace of 100 ms", Report.Median(free), "ms", goal: 200);
    }

    private static async Coroutine<double> Time(int calls, Func<Coroutine> call)
    {
        var time = Stopwatch.StartNew();
        for (int i = 0; i < calls; i++)
        {
            await call();
        }

        return time.Elapsed.TotalMilliseconds / calls;
    }

    private static int Endless()
    {
        while (true)
        {
            Thread.SpinWait(1000);
        }
    }
}
