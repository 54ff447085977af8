using System.Diagnostics;
using System.Text.Json;
using EventLoop;

namespace Processes;

/// <summary>Worker processes.</summary>
internal static class Pool
{
    public static async Coroutine RoundTrips(Report report)
    {
        const int calls = 3000, inFlight = 8;
        int frames = report.IsQuick ? 10_000 : 30_000;
        await using var pool = new ProcessExecutor(new ProcessExecutorOptions { Workers = 1 });
        await pool.WarmUpAsync();
        await using var bareFrames = await Frames.StartAsync();
        List<double> small = [], large = [], micros = [], megabytes = [], rates = [], bare = [], single = [], turns = [], json = [];
        double[] numbers = [.. Enumerable.Range(0, 131_072).Select(static number => Math.Sqrt(number))];
        var block = new byte[1 << 20];
        for (int i = 0; i < report.Rounds + 1; i++)
        {
            double ours = await Time(calls, async Coroutine () => await pool.Run(static x => x + 1, 1));
            double thread = await Time(calls, async Coroutine () => await Loop.ToThread(static () => 1));
            double array = await Time(50, async Coroutine () => await pool.Run(static values => values, numbers));
            double echo = await Time(50, async Coroutine () => await pool.Run(static bytes => bytes, block));
            double eight = await InFlight(frames, inFlight, async Coroutine () => await pool.Run(static x => x + 1, 1));
            double alone = await bareFrames.Time(frames, inFlight), oneByOne = await bareFrames.Time(calls, 1);
            double text = Json(numbers, 3);
            if (i > 0)
            {
                rates.Add(alone / eight);
                bare.Add(frames / alone);
                single.Add(calls / oneByOne);
                turns.Add(oneByOne / calls / (eight / frames));
                json.Add(array / text);
                small.Add(ours / thread);
                micros.Add(ours * 1000);
                large.Add(array / echo);
                megabytes.Add(array);
            }
        }

        report.Add("pool: Run(x => x + 1), by Loop.ToThread", Report.Median(small), goal: 3);
        report.Add("    one", Report.Median(micros), "us");
        report.Add("pool: 8 in flight, rate by that of bare frames, a read and a write for each", Report.Median(rates), goal: 0.4, atLeast: true);
        report.Add("    bare frames", Report.Median(bare), "k/s");
        report.Add("    bare frames one after the other", Report.Median(single), "k/s");
        report.Add("    the pool's rate by those", Report.Median(turns));
        report.Add("pool: double[131072] there and back, by 1 MiB of bytes", Report.Median(large), goal: 2.5);
        report.Add("    one", Report.Median(megabytes), "ms");
        report.Add("pool: double[131072] there and back, by JSON of it alone", Report.Median(json), goal: 0.1);
    }

    public static async Coroutine Stops(Report report)
    {
        List<double> ready = [], waiter = [], free = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            var time = Stopwatch.StartNew();
            await Subprocess.RunAsync(Self.Command("empty"));
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

    public static async Coroutine Kills(Report report)
    {
        const int each = 50;
        int count = report.IsQuick ? 300 : 1000;
        int wrong = 0;
        await using var pool = new ProcessExecutor(new ProcessExecutorOptions { Workers = 2 });
        await foreach (var (argument, outcome) in pool.AsCompleted(KillEvery50th, Enumerable.Range(1, count)))
        {
            wrong += (argument % each == 0 ? outcome.Exception is WorkerCrashedException : outcome.IsSuccess && outcome.Value == -argument) ? 0 : 1;
        }

        var told = pool.Statistics;
        wrong += told.Crashed == count / each && told.Completed == count - count / each ? 0 : 1;
        report.Add($"of {count} pieces of work, a worker killed at every {each}th: wrong outcomes", wrong, goal: 0);
    }

    private static int KillEvery50th(int number)
    {
        if (number % 50 == 0)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
            Thread.Sleep(Timeout.Infinite);
        }

        return -number;
    }

    private static async Coroutine<double> InFlight(int count, int atOnce, Func<Coroutine> call)
    {
        int left = count;
        var time = Stopwatch.StartNew();
        await Loop.Gather(Enumerable.Range(0, atOnce).Select(_ => Loop.CreateTask(async Coroutine () =>
        {
            while (left-- > 0)
            {
                await call();
            }
        })).ToArray());
        return time.Elapsed.TotalMilliseconds;
    }

    // There and back.
    private static double Json(double[] numbers, int times)
    {
        var time = Stopwatch.StartNew();
        for (int i = 0; i < times * 2; i++)
        {
            JsonSerializer.Deserialize<double[]>(JsonSerializer.SerializeToUtf8Bytes(numbers));
        }

        return time.Elapsed.TotalMilliseconds / times;
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

    internal static int Endless()
    {
        while (true)
        {
            Thread.SpinWait(1000);
        }
    }
}
