using System.Diagnostics;
using System.Globalization;
using EventLoop;

namespace Processes;

/// <summary>A parent that is killed without notice: a child, one that ignores SIGTERM, what that has started, and a busy worker.</summary>
internal static class Death
{
    public static async Coroutine OfParent(Report report)
    {
        List<double> gone = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            await using var parent = await Subprocess.StartAsync(Self.Command("parent") with { Output = Stdio.Pipe });
            List<int> left = [];
            while (left.Count < 4 && await parent.Output.ReadLineAsync() is { } line)
            {
                left.Add(int.Parse(line, CultureInfo.InvariantCulture));
            }

            var time = Stopwatch.StartNew();
            parent.Kill();
            while (left.Exists(Lives))
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            }

            gone.Add(time.Elapsed.TotalMilliseconds);
        }

        report.Add("a parent is killed by SIGKILL: children, grandchildren and busy workers are gone after", Report.Median(gone), "ms", goal: 200);
    }

    public static void BeParent() => Loop.Run(async Coroutine () =>
    {
        var child = await Subprocess.StartAsync(new ProcessCommand("sleep", "600") { KillOnParentExit = true });
        var deaf = await Subprocess.StartAsync(ProcessCommand.Shell("trap '' TERM HUP INT; sleep 600 & echo $!; wait")
            with { Output = Stdio.Pipe, KillOnParentExit = true });
        string grandchild = (await deaf.Output.ReadLineAsync())!;
        await using var pool = new ProcessExecutor(new ProcessExecutorOptions { Workers = 1 });
        await pool.WarmUpAsync();
        var busy = Loop.CreateTask(pool.Run(Pool.Endless));
        Console.WriteLine($"{child.Id}\n{deaf.Id}\n{grandchild}\n{pool.GetWorkers()[0].ProcessId}");
        await busy;
    });

    private static bool Lives(int process)
    {
        try
        {
            string line = File.ReadAllText($"/proc/{process}/stat");
            return line[line.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }
}
