using System.Diagnostics;
using EventLoop;

namespace Soak;

/// <summary>Looks at this process once a second: its descriptors, its tasks, its memory.</summary>
internal sealed class Watch(string side)
{
    private readonly List<long> _resident = [];
    private readonly Stopwatch _running = Stopwatch.StartNew();
    private List<string> _descriptorsBefore = [];
    private int _tasksBefore;

    /// <summary>What is open and running now is what may be open and running at the end.</summary>
    public void Begin()
    {
        Descriptors();
        (_descriptorsBefore, _tasksBefore) = (Descriptors(), Loop.AllTasks().Count);
    }

    public async Coroutine RunAsync(Func<string> state)
    {
        for (int second = 1; ; second++)
        {
            await Loop.Sleep(1000);
            _resident.Add(Resident());
            if (second % 10 == 0)
            {
                Console.WriteLine(
                    $"{side} {_running.Elapsed.TotalSeconds,4:0} s: {_resident[^1] / 1e6:0.0} MB resident, {Descriptors().Count} descriptors, "
                        + $"{Loop.AllTasks().Count} tasks; {state()}");
            }
        }
    }

    /// <summary>Called when every connection is gone. The watch's own task is allowed.</summary>
    public async Coroutine<List<string>> JudgeAsync(int ownTasks)
    {
        // What has been closed this turn is let go of in the next.
        for (int i = 0; i < 200 && (Leaked().Count > 0 || Loop.AllTasks().Count > _tasksBefore + ownTasks); i++)
            await Loop.Sleep(10);

        var wrong = new List<string>();
        (List<string> leaked, int tasks) = (Leaked(), Loop.AllTasks().Count);
        if (leaked.Count > 0)
            wrong.Add($"{leaked.Count} descriptors leaked: {string.Join(", ", leaked.Take(10))}");
        if (tasks > _tasksBefore + ownTasks)
            wrong.Add($"{tasks - _tasksBefore - ownTasks} tasks leaked: {string.Join(", ", Loop.AllTasks().Select(task => task.Name))}");

        // The middle is warm already; what still grows from there to the end by more than a tenth and 8 MB, grows without end.
        long middle = 0, end = 0;
        if (_resident.Count >= 20)
        {
            int fifth = _resident.Count / 5;
            (middle, end) = (Median(_resident[(2 * fifth)..(3 * fifth)]), Median(_resident[^fifth..]));
            if (end > middle * 1.1 + 8e6)
                wrong.Add($"memory grew from {middle / 1e6:0.0} MB in the middle to {end / 1e6:0.0} MB at the end");
        }

        GC.Collect();
        Console.WriteLine(
            $"{side} at the end: descriptors {_descriptorsBefore.Count} -> {_descriptorsBefore.Count + leaked.Count}, tasks {_tasksBefore + ownTasks} -> "
                + $"{tasks}, "
            + $"resident {middle / 1e6:0.0} -> {end / 1e6:0.0} MB (middle to end), managed heap {GC.GetTotalMemory(false) / 1e6:0.0} MB");
        return wrong;
    }

    private List<string> Leaked()
    {
        List<string> left = Descriptors();
        foreach (string target in _descriptorsBefore)
            left.Remove(target);
        return left;
    }

    // What each descriptor stands for. What .NET opens on first use and keeps, assemblies and /dev/urandom, is no leak.
    private static List<string> Descriptors() =>
    [
        .. Directory.EnumerateFileSystemEntries("/proc/self/fd")
            .Select(entry => new FileInfo(entry).LinkTarget)
            .OfType<string>()
            .Where(target => !target.EndsWith(".dll", StringComparison.Ordinal) && !target.StartsWith("/proc/", StringComparison.Ordinal)
                && !target.StartsWith("/dev/", StringComparison.Ordinal)),
    ];

    private static long Resident() => Environment.WorkingSet;

    private static long Median(List<long> values) => values.Order().ElementAt(values.Count / 2);
}
