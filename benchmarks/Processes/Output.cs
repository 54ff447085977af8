using System.Diagnostics;
using EventLoop;

namespace Processes;

/// <summary>What children write, and when it ends.</summary>
internal static class Output
{
    private const int Size = 256 << 20;

    public static async Coroutine Capture(Report report)
    {
        var command = new ProcessCommand("head", "-c", $"{Size}", "/dev/zero");
        List<double> ratios = [], rates = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            double bare = Bare();
            GC.Collect();
            var time = Stopwatch.StartNew();
            var result = await Subprocess.RunAndCaptureAsync(command);
            double ours = time.Elapsed.TotalSeconds;
            if (result.StandardOutput.Length != Size)
            {
                throw new InvalidOperationException("Some of it is missing.");
            }

            ratios.Add(bare / ours);
            rates.Add(Size / ours / 1e9);
        }

        report.Add("capture of 256 MiB, by a bare read loop into an array", Report.Median(ratios), goal: 0.8, atLeast: true);
        report.Add("    rate", Report.Median(rates), "GB/s");
    }

    // The same program, read by blocking calls into one array that is there.
    private static double Bare()
    {
        var all = GC.AllocateUninitializedArray<byte>(Size);
        var time = Stopwatch.StartNew();
        using var child = Process.Start(new ProcessStartInfo("head", ["-c", $"{Size}", "/dev/zero"]) { RedirectStandardOutput = true })!;
        child.StandardOutput.BaseStream.ReadExactly(all);
        child.WaitForExit();
        return time.Elapsed.TotalSeconds;
    }

    public static async Coroutine End(Report report)
    {
        List<double> ends = [], captures = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            var time = Stopwatch.StartNew();
            await using (var child = await Subprocess.StartAsync(ProcessCommand.Shell("sleep 2 & echo done") with { Output = Stdio.Pipe,
                Group = ProcessGroup.New }))
            {
                await child.WaitAsync();
                ends.Add(time.Elapsed.TotalMilliseconds);
            }

            time.Restart();
            await Subprocess.RunAndCaptureAsync(ProcessCommand.Shell("sleep 2 & echo done") with { DrainTimeout = TimeSpan.FromMilliseconds(100),
                Group = ProcessGroup.New });
            captures.Add(time.Elapsed.TotalMilliseconds);
        }

        report.Add("a grandchild holds the output for 2 s: the end is told after", Report.Median(ends), "ms", goal: 50);
        report.Add("    captured with a DrainTimeout of 100 ms after", Report.Median(captures), "ms", goal: 200);
    }
}
