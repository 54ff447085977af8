using System.Diagnostics;
using System.Globalization;
using EventLoop;
using EventLoop.Diagnostics;

namespace Inside;

/// <summary>Whether long steps are noticed in time, none is made up, and where their time is said to have gone.</summary>
internal static class Stalls
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    internal static void Run(Report report, bool quick)
    {
        List<double> noticed = [], blocked = [], processor = [], collector = [];
        int invented = 0, missed = 0;
        Loop.Run(async Coroutine () =>
        {
            var watching = Loop.Current.Diagnostics;
            long began = 0;
            StallReport? over = null;
            using var told = new AutoResetEvent(false);
            watching.StallLimit = Limit;
            watching.Stalled += stall =>
            {
                if (!stall.IsOver)
                {
                    noticed.Add(Stopwatch.GetElapsedTime(Volatile.Read(ref began)).TotalMilliseconds);
                }
                else
                {
                    Volatile.Write(ref over, stall);
                    told.Set();
                }
            };

            async Coroutine<StallReport?> Stall(string name, Action what)
            {
                await Loop.Sleep(60);
                over = null;
                began = Stopwatch.GetTimestamp();
                what();
                await Loop.ToThread(() => told.WaitOne(10_000));
                if (over is null)
                {
                    missed++;
                    Console.Error.WriteLine($"not noticed: {name}");
                }

                return over;
            }

            for (int i = 0; i < 5; i++)
            {
                var slept = await Stall("sleeping", static () => Thread.Sleep(300));
                blocked.Add(slept is null ? 0 : 1 - ((slept.Processor + slept.WaitedForProcessor) / slept.Duration ?? 0));
                var spun = await Stall("spinning", static () => Work.Spin(TimeSpan.FromMilliseconds(300)));
                processor.Add(spun?.Processor / spun?.Duration ?? 0);
                var paused = TimeSpan.Zero;
                var collected = await Stall("collecting", () =>
                {
                    var before = GC.GetTotalPauseDuration();
                    for (long then = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(then).TotalMilliseconds < 300;)
                    {
                        GC.Collect();
                    }

                    paused = GC.GetTotalPauseDuration() - before;
                });
                collector.Add(collected is null ? 1 : Math.Abs((collected.Collector / paused) - 1));
            }

            int before = noticed.Count;
            long idle = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(idle).TotalSeconds < (quick ? 3 : 20))
            {
                began = Stopwatch.GetTimestamp();
                await Loop.Sleep(Random.Shared.Next(1, 400));
            }

            invented = noticed.Count - before;
            noticed.RemoveRange(before, invented);
        });
        report.Add(7, "steps of 300 ms, a limit of 100 ms: noticed after", Report.Median(noticed), "ms", goal: 150);
        report.Add(7, "    not noticed", missed, goal: 0);
        report.Add(7, "    stalls told of a loop that sleeps and idles", invented, goal: 0);
        report.Add(7, "    Thread.Sleep: said to be blocked", Report.Median(blocked), goal: 0.9, atLeast: true);
        report.Add(7, "    spinning: said to be on a core", Report.Median(processor), goal: 0.8, atLeast: true);
        report.Add(7, "    forced collections: said to be the collector's, off by", Report.Median(collector), goal: 0.1);
        using var crowded = Child.StartBy(["taskset", "-c", "0"], "crowded");
        report.Add(7, "    one core and four that spin: said to wait for one", double.Parse(crowded.Line() ?? "0", CultureInfo.InvariantCulture),
            goal: 0.5, atLeast: true);
    }
}
