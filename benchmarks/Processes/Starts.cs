using System.Diagnostics;
using EventLoop;

namespace Processes;

/// <summary>Starting /bin/true and waiting for its end.</summary>
internal static class Starts
{
    private const int AtOnce = 20, Each = 100;

    public static async Coroutine Run(Report report)
    {
        await Many(Ours, AtOnce);
        await Many(Theirs, AtOnce);
        List<Sample> ours = [], theirs = [], oursOne = [], theirsOne = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            ours.Add(await Measure(() => Many(Ours, AtOnce)));
            theirs.Add(await Measure(() => Many(Theirs, AtOnce)));
            oursOne.Add(await Measure(() => Many(Ours, 1)));
            theirsOne.Add(await Measure(() => Many(Theirs, 1)));
        }

        report.Add("20 starts at a time, wall, by theirs", Ratio(ours, theirs, static sample => sample.Wall), goal: 0.9);
        report.Add("20 starts at a time, this process's CPU, by theirs", Ratio(ours, theirs, static sample => sample.Cpu), goal: 0.7);
        report.Add("20 starts at a time, p99 of a ticker of 1 ms, by theirs", Ratio(ours, theirs, static sample => sample.Late), goal: 0.3);
        report.Add("    ours", Report.Median(ours.Select(static sample => sample.Late)), "ms");
        report.Add("one after the other, wall, by theirs", Ratio(oursOne, theirsOne, static sample => sample.Wall), goal: 1.1);
        report.Add("one after the other, this process's CPU, by theirs", Ratio(oursOne, theirsOne, static sample => sample.Cpu), goal: 0.8);
        report.Add("one start and its end", Report.Median(oursOne.Select(static sample => sample.Wall)) / Each, "ms");
        report.Add("garbage of one, all threads", Report.Median(oursOne.Select(static sample => sample.Garbage)) / Each / 1024, "KiB", goal: 2);
        report.Add("    theirs", Report.Median(theirsOne.Select(static sample => sample.Garbage)) / Each / 1024, "KiB");
        await Everything(report);
    }

    private static async Coroutine Everything(Report report)
    {
        int inSequence = report.IsQuick ? 1000 : 10_000, atOnce = report.IsQuick ? 100 : 500;
        int wrong = 0;
        await Check(0);
        await Check(1);
        int before = Held();
        for (int i = 0; i < inSequence; i++)
        {
            await Check(i);
        }

        await Loop.Gather(Enumerable.Range(0, atOnce).Select(number => Loop.CreateTask(Check(number))).ToArray());
        for (int i = 0; i < 100 && Held() > before; i++)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(10));
        }

        report.Add($"{inSequence} in sequence and {atOnce} at once: wrong statuses; descriptors, threads and zombies that are left",
            wrong + Math.Max(0, Held() - before), goal: 0);

        async Coroutine Check(int number)
        {
            var status = await Subprocess.RunAsync(number % 2 == 0 ? Command : False);
            wrong += status.ExitCode == number % 2 ? 0 : 1;
        }
    }

    // Descriptors and children of this process, and the library's threads.
    private static int Held()
    {
        int descriptors = Directory.GetFileSystemEntries("/proc/self/fd").Count(static file => !IsAssembly(file));
        int threads = Directory.EnumerateDirectories("/proc/self/task").Count(static thread => Text($"{thread}/comm").StartsWith("EventLoop", StringComparison.Ordinal));
        int children = Directory.EnumerateDirectories("/proc").Count(static folder =>
            int.TryParse(Path.GetFileName(folder), out _) && Text($"{folder}/stat") is var line && line.LastIndexOf(')') is > 0 and var name
            && line[(name + 2)..].Split(' ')[1] == $"{Environment.ProcessId}");
        return descriptors + threads + children;

        // Loaded ones stay open.
        static bool IsAssembly(string file)
        {
            try
            {
                return new FileInfo(file).LinkTarget?.EndsWith(".dll", StringComparison.Ordinal) ?? false;
            }
            catch (IOException)
            {
                return false;
            }
        }

        static string Text(string path)
        {
            try
            {
                return File.ReadAllText(path);
            }
            catch (IOException)
            {
                return "";      // it has ended
            }
        }
    }

    private static double Ratio(List<Sample> ours, List<Sample> theirs, Func<Sample, double> of) =>
        Report.Median(ours.Zip(theirs, (one, other) => of(one) / of(other)));

    private static async Coroutine Many(Func<Coroutine> start, int atOnce)
    {
        int left = Each;
        var tasks = Enumerable.Range(0, atOnce).Select(_ => Loop.CreateTask(async Coroutine () =>
        {
            while (left-- > 0)
            {
                await start();
            }
        })).ToArray();
        await Loop.Gather(tasks);
    }

    private static readonly ProcessCommand Command = new("/bin/true"), False = new("/bin/false");

    private static async Coroutine Ours()
    {
        await using var child = await Subprocess.StartAsync(Command);
        await child.WaitAsync();
    }

    private static async Coroutine Theirs()
    {
        using var child = Process.Start(new ProcessStartInfo("/bin/true"))!;
        await child.WaitForExitAsync();
    }

    private readonly record struct Sample(double Wall, double Cpu, double Late, double Garbage);

    private static async Coroutine<Sample> Measure(Func<Coroutine> what)
    {
        GC.Collect();
        List<double> late = [];
        bool done = false;
        var ticker = Loop.CreateTask(async Coroutine () =>
        {
            var last = Stopwatch.GetTimestamp();
            while (!done)
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
                late.Add(Stopwatch.GetElapsedTime(last).TotalMilliseconds - 1);
                last = Stopwatch.GetTimestamp();
            }
        });
        using var self = Process.GetCurrentProcess();
        var cpu = self.TotalProcessorTime;
        long garbage = GC.GetTotalAllocatedBytes(precise: true);
        var wall = Stopwatch.StartNew();
        await what();
        var elapsed = wall.Elapsed;
        garbage = GC.GetTotalAllocatedBytes(precise: true) - garbage;
        self.Refresh();
        cpu = self.TotalProcessorTime - cpu;
        done = true;
        await ticker;
        late.Sort();
        return new Sample(elapsed.TotalMilliseconds, cpu.TotalMilliseconds, late.Count > 0 ? late[late.Count * 99 / 100] : 0, garbage);
    }
}
