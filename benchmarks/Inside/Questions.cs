using System.Globalization;
using System.Text.Json;

namespace Inside;

/// <summary>The tool's answers: how long they take, what they hold up, what they find.</summary>
internal static class Questions
{
    internal static void Stuck(Report report, bool quick)
    {
        using var idle = Child.Start("asleep", "10");
        using var spin = Child.Start("spin");
        List<double> ratios = [], times = [];
        double named = 1;
        Child.Tool("ps", idle.Id);
        for (int i = 0; i < (quick ? 3 : 5); i++)
        {
            double free = Child.Tool("ps", idle.Id).Milliseconds;
            var (output, stuck) = Child.Tool("ps", spin.Id);
            named = Math.Min(named, output.Contains("in a step now: task 'spinner'", StringComparison.Ordinal) ? 1 : 0);
            ratios.Add(stuck / free);
            times.Add(stuck);
        }

        report.Add(3, "ps of a loop in an endless step, by an idle one's", Report.Median(ratios), goal: 1.5);
        report.Add(3, "    from the tool's start to its end", Report.Median(times), "ms");
        report.Add(3, "    names the running task", named, goal: 1, atLeast: true);
        string doctor = Child.Tool("doctor", spin.Id).Output;
        report.Add(3, "    doctor names the method", doctor.Contains("Targets.Endless", StringComparison.Ordinal) ? 1 : 0, goal: 1, atLeast: true);
    }

    internal static void Many(Report report, bool quick)
    {
        using var few = Child.Start("asleep", "10");
        using var many = Child.Start("yielder", "100000");
        List<double> ratios = [], alone = [], beside = [];
        Child.Tool("ps", few.Id);
        int length = 0;
        for (int i = 0; i < (quick ? 3 : 5); i++)
        {
            double small = Child.Tool("ps", few.Id, "--json", "--all").Milliseconds;
            many.Ask();
            Thread.Sleep(1000);
            alone.Add(Gap(many));
            length = Child.Tool("ps", many.Id).Output.Length;
            double large = Child.Tool("ps", many.Id, "--json", "--all", "--timeout", "60").Milliseconds;
            beside.Add(Gap(many));
            ratios.Add(large / small);
        }

        report.Add(4, "100,000 tasks: ps --json --all, by the time for 10", Report.Median(ratios), goal: 5);
        report.Add(4, "    what ps prints", length / 1024.0, "KiB", goal: 64);
        report.Add(4, "    longest gap of a yielder beside it, more than without", Report.Median(beside) - Report.Median(alone), "ms", goal: 20);
        report.Add(4, "    without", Report.Median(alone), "ms");
    }

    private static double Gap(Child yielder) => double.Parse(yielder.Ask()!, CultureInfo.InvariantCulture);

    internal static void Million(Report report, bool quick)
    {
        int count = quick ? 200_000 : 1_000_000;
        using var target = Child.Start("asleep", count.ToString(CultureInfo.InvariantCulture));
        Thread.Sleep(2000);
        double before = target.Memory, most = before;
        var asking = Task.Run(() => Child.Tool("ps", target.Id, "--timeout", "60").Milliseconds);
        while (!asking.Wait(10))
        {
            most = Math.Max(most, target.Memory);
        }

        Thread.Sleep(3000);
        string tasks = count.ToString("#,0", CultureInfo.InvariantCulture);
        report.Add(5, $"{tasks} sleeping tasks: ps", asking.Result / 1000, "s", goal: 10);
        report.Add(5, "    the target grows meanwhile by", most - before, "MB", goal: 64);
        report.Add(5, "    and afterwards it has, by what it had", target.Memory / before, goal: 1.05);
    }

    internal static void Leaks(Report report, bool quick)
    {
        using var target = Child.Start("leaks");
        using var json = JsonDocument.Parse(Child.Tool("doctor", target.Id, "--leaks", "--json", "--timeout", "60").Output);
        int right = 0, wrong = 0;
        foreach (var one in json.RootElement.GetProperty("findings").EnumerateArray().Where(static one => one.GetProperty("kind").GetString() == "NeverWakes"))
        {
            bool leaked = one.GetProperty("method").GetString()!.Contains("Leak", StringComparison.Ordinal);
            int count = one.GetProperty("count").GetInt32();
            right += leaked ? count : 0;
            wrong += leaked ? 0 : count;
        }

        report.Add(9, "doctor --leaks: found of seven tasks that nothing can wake", right, goal: 7, atLeast: true);
        report.Add(9, "    and of those that a timer, a socket, a thread or others will", wrong, goal: 0);
    }
}
