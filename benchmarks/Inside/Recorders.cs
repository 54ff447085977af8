using System.Diagnostics;
using System.Text.Json;
using EventLoop;
using EventLoop.Benchmarks.Growth;
using EventLoop.Diagnostics;
using EventLoop.Net;

namespace Inside;

/// <summary>What the recorder costs, and whether a listener gets all of it.</summary>
internal static class Recorders
{
    internal static void Run(Report report, bool quick)
    {
        int steps = quick ? 500_000 : 2_000_000;

        // Compiled for good without a recorder, as programs are that switch one on later.
        var warmUp = Stopwatch.StartNew();
        while (warmUp.Elapsed < TimeSpan.FromSeconds(quick ? 1 : 6))
        {
            Measure(steps / 20, null);
            Clock(steps / 20);
        }

        List<double> order = [], times = [], echo = [], bare = [];
        for (int i = 0; i < (quick ? 3 : 7); i++)
        {
            double without = Measure(steps, null);
            double clock = Clock(steps);
            bare.Add(without);
            order.Add(Measure(steps, RecorderDetail.Order) / without);
            times.Add((Measure(steps, RecorderDetail.Times) - without) / clock);
        }

        // Both ways are warm before the first one counts: half a second of each is not enough for the second to be compiled to the end.
        for (int i = 0; i < (quick ? 1 : 2); i++)
        {
            Echo(false, quick);
            Echo(true, quick);
        }

        double free = Echo(false, quick);
        for (int i = 0; i < (quick ? 3 : 9); i++)
        {
            double before = free;
            double recorded = Echo(true, quick);
            free = Echo(false, quick);
            echo.Add(recorded / ((before + free) / 2));
        }

        report.Add(6, "yield with the recorder's Order, by a bare one", Report.Median(order), goal: 1.35);
        report.Add(6, "    a bare one", Report.Median(bare), "ns");
        report.Add(6, "yield with Times: more than a bare one, in clock readings", Report.Median(times), goal: 1.3);
        report.Add(6, "TCP echo of 1 KiB with Times, by its rounds a second without", Report.Median(echo), goal: 0.97, atLeast: true);

        Record(report, "paced", "record of a million steps a second by the tool", quick, lostGoal: 0);
        Record(report, "busy", "record of a loop that only yields", quick, lostGoal: null);
    }

    // What a loop makes beyond what the way holds is lost, and counted.
    private static void Record(Report report, string mode, string what, bool quick, double? lostGoal)
    {
        using var target = Child.Start(mode);
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            double seconds = quick ? 2 : 5;
            using var json = JsonDocument.Parse(Child.Tool("record", target.Id, "--for", $"{seconds:0}s", "-o", file, "--json").Output);
            report.Add(6, $"{what}: records a second", json.RootElement.GetProperty("records").GetInt64() / seconds / 1e6, "M/s");
            report.Add(6, "    lost, and counted", json.RootElement.GetProperty("lost").GetInt64(), goal: lostGoal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Coroutine Yields(int count)
    {
        for (int i = 0; i < count; i++)
        {
            await Loop.Yield();
        }
    }

    // Processor time of the thread: what others do on the machine does not lengthen it.
    private static double Measure(int steps, RecorderDetail? detail)
    {
        double nanoseconds = 0;
        Loop.Run(async Coroutine () =>
        {
            var recorder = Loop.Current.Diagnostics.Recorder;
            if (detail is { } known)
            {
                recorder.Start(detail: known);
            }

            await Yields(1000);
            double then = ThreadClock.Now();
            await Yields(steps);
            nanoseconds = (ThreadClock.Now() - then) * 1e6 / steps;
        });
        return nanoseconds;
    }

    private static double Clock(int times) => ThreadClock.Time(() =>
    {
        for (int i = 0; i < times; i++)
        {
            _ = Stopwatch.GetTimestamp();
        }
    }) * 1e6 / times;

    // Server and clients on one loop: rounds in a second of its thread's processor time.
    private static double Echo(bool records, bool quick)
    {
        const int connections = 10;
        var time = TimeSpan.FromSeconds(quick ? 0.5 : 1.5);
        double rounds = 0;
        double then = ThreadClock.Now();
        Loop.Run(async Coroutine () =>
        {
            if (records)
            {
                Loop.Current.Diagnostics.Recorder.Start();
            }

            await using var server = Tcp.Listen("127.0.0.1", 0, static async connection =>
            {
                byte[] block = new byte[1024];
                while (await connection.ReadAsync(block) is > 0 and var length)
                {
                    await connection.WriteAsync(block.AsMemory(0, length));
                }
            });
            var end = Stopwatch.StartNew();
            await Loop.Gather([.. Enumerable.Range(0, connections).Select(_ => Loop.CreateTask(async Coroutine () =>
            {
                await using var connection = await Tcp.ConnectAsync(server.EndPoint);
                byte[] block = new byte[1024];
                while (end.Elapsed < time)
                {
                    await connection.WriteAsync(block);
                    await connection.ReadExactlyAsync(block);
                    rounds++;
                }
            }))]);
        });
        return rounds / (ThreadClock.Now() - then) * 1000;
    }
}
