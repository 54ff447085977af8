using System.Globalization;
using System.Text;
using EventLoop.Diagnostics;
using EventLoop.Tool.Targets;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace EventLoop.Tool.Commands;

/// <summary>What <c>top</c> shows: rates from two rounds, and the bunches.</summary>
internal sealed class TopView
{
    private const int MostFindings = 5;
    private const int MostOfWait = 60;      // characters
    private const int MostOfStack = 80;

    private readonly Dictionary<int, LoopSnapshot> before = [];
    private bool byAge;

    internal void Sort() => byAge = !byAge;

    internal void Remember(IEnumerable<LoopSnapshot> round)
    {
        before.Clear();
        foreach (var loop in round)
        {
            before[loop.LoopId] = loop;
        }
    }

    internal string Head(LoopSnapshot loop)
    {
        var now = loop.Statistics;
        if (!before.TryGetValue(loop.LoopId, out var then) || loop.LoopTime <= then.LoopTime)
        {
            return $"loop '{loop.LoopName}' #{loop.LoopId}: {loop.TaskCount} tasks, {now.ReadyCount} ready, {now.TimerCount} timers";
        }

        double seconds = (loop.LoopTime - then.LoopTime).TotalSeconds;
        double busy = (now.BusyTime - then.Statistics.BusyTime).TotalSeconds / seconds;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"loop '{loop.LoopName}' #{loop.LoopId}: busy {Math.Clamp(busy, 0, 1):P0}, turns {Rate(now.Turns - then.Statistics.Turns, seconds)}/s, steps "
                + $"{Rate(now.Steps - then.Statistics.Steps, seconds)}/s, {loop.TaskCount} tasks, {now.ReadyCount} ready, {now.TimerCount} "
                + $"timers{Delay(loop)}{Stuck(loop, then)}");
    }

    private static string Delay(LoopSnapshot loop) => loop.Delay is not { } delay ? ""
        : $", delay {PlainText.Precise(delay.Median)} (99 % below {PlainText.Precise(delay.Percentile99)}, most {PlainText.Precise(delay.Most)})";

    // Where the program measures its steps it says how long; otherwise a step that has not moved since the round before has taken that long at least.
    private static string Stuck(LoopSnapshot loop, LoopSnapshot then) => loop.Running is not { } running ? ""
        : running.Elapsed is { } elapsed ? elapsed > TimeSpan.FromMilliseconds(100) ? $", in one step of {running.Who} for {PlainText.Short(elapsed)}" : ""
        : then.Running is not null && then.Statistics.Steps == loop.Statistics.Steps
            ? $", in one step of {running.Who} for {PlainText.Short(loop.LoopTime - then.LoopTime)} or more (eventloop ps PID --frames shows where)"
        : "";

    private static string Rate(long count, double seconds)
    {
        double rate = count / seconds;
        return rate >= 10_000 ? string.Create(CultureInfo.InvariantCulture, $"{rate / 1000:0}k") : string.Create(CultureInfo.InvariantCulture, $"{rate:0}");
    }

    private IEnumerable<TaskBunch> Bunches(LoopSnapshot loop, int most) =>
        (byAge ? loop.Bunches.OrderByDescending(static bunch => bunch.Oldest) : loop.Bunches.AsEnumerable()).Take(most);

    internal string Text(Target target, List<LoopSnapshot> round, int most)
    {
        var text = new StringBuilder(PlainText.Line($"{target.Name} (pid {target.Id})")).Append('\n');
        foreach (var loop in round)
        {
            text.Append(PlainText.Line(Head(loop))).Append('\n');
            foreach (var bunch in Bunches(loop, most))
            {
                text.Append(PlainText.Line($"{bunch.Count,7} x {SnapshotText.StatusOf(bunch.Status),-8} oldest {PlainText.Short(bunch.Oldest),7}  "
                    + $"{bunch.Text}  {SnapshotText.StackOf(bunch.Stack)}")).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <param name="target">Whose loops they are.</param>
    /// <param name="round">What they do.</param>
    /// <param name="width">Of the window, in columns.</param>
    /// <param name="height">In lines, of which the last is left to the cursor.</param>
    internal IRenderable Render(Target target, List<LoopSnapshot> round, int width, int height)
    {
        string title = PlainText.Escape($"{target.Name} (pid {target.Id})   q quits, s sorts by {(byAge ? "number" : "age")}");
        var parts = round.ConvertAll(loop => new TopScreen.Part(PlainText.Escape(Head(loop)), Lines(loop, width - 1)));
        return new Rows(TopScreen.Fit(title, parts, width - 1, height - 1).Select(static line => new Text(line.Text, line.Style)));
    }

    private List<TopScreen.Line> Lines(LoopSnapshot loop, int width)
    {
        var lines = new List<TopScreen.Line>();
        foreach (var finding in loop.FindProblems().Take(MostFindings))
        {
            var style = new Style(finding.Severity == FindingSeverity.Error ? Color.Red : Color.Yellow);
            lines.Add(new(PlainText.Line($"  {finding.Kind}: {finding.Message}"), style));
        }

        const int columns = 29;      // what stands before the third column
        var bunches = Bunches(loop, int.MaxValue).Select(static bunch => (Bunch: bunch, Waits: PlainText.Cut(bunch.Text ?? "", MostOfWait))).ToList();
        int waits = Math.Min(Math.Max(10, (width - columns) / 2), bunches.Count > 0 ? bunches.Max(static one => one.Waits.Length) : 0);
        foreach (var (bunch, text) in bunches)
        {
            lines.Add(new($"{bunch.Count,7} x {SnapshotText.StatusOf(bunch.Status),-8} {PlainText.Short(bunch.Oldest),7}  "
                + $"{TopScreen.Pad(TopScreen.Cut(text, waits), waits)}  {PlainText.Cut(SnapshotText.StackOf(bunch.Stack), MostOfStack)}", Style.Plain));
        }

        return lines;
    }
}
