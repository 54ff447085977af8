using System.Globalization;
using System.Text;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Testing.Running;

/// <summary>The inside of a failed or hung test: its tasks as a tree, equal ones grouped, and what happened last.</summary>
internal sealed class InsideReport
{
    /// <summary>The key under which a failure carries it.</summary>
    internal const string Key = "EventLoop.Inside";

    private const int MostEvents = 50;
    private const int FewTasks = 20;

    private readonly Loop loop;
    private readonly RecorderInstrument recorder;

    internal InsideReport(Loop loop)
    {
        this.loop = loop;
        recorder = new RecorderInstrument(loop, new RecordRing(256), RecorderDetail.Times, counts: false);
        loop.Core.Instruments.Add(recorder, recorder.Needs);
    }

    /// <summary>Looks at the inside as it is now; any thread, even while the loop is stuck.</summary>
    internal Sight Look() => new(loop.TakeSnapshot(new SnapshotOptions { MostTasks = 200 }), Recording.Of(loop, recorder, isOn: true));

    /// <summary>Writes the latest records, one line for each.</summary>
    internal string WriteLatest() => WriteLatest(Recording.Of(loop, recorder, isOn: true));

    private static string Write(LoopSnapshot snapshot, Recording recording)
    {
        var text = new StringBuilder("Inside the test's loop:\n").Append(snapshot.ToText(SnapshotView.ByOwner));
        if (snapshot.TaskCount > FewTasks)
        {
            text.Append("Put together:\n").Append(snapshot.ToText(SnapshotView.Bunches));
        }

        foreach (var finding in snapshot.FindProblems())
        {
            text.Append(finding.Kind).Append(": ").Append(finding.Message).Append('\n');
        }

        return text.Append(WriteLatest(recording)).ToString().TrimEnd();
    }

    private static string WriteLatest(Recording recording)
    {
        var latest = recording.Events.TakeLast(MostEvents).ToList();
        var text = new StringBuilder(latest.Count == 0 ? "" : "What happened last:\n");
        foreach (var one in latest)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {one.Time.TotalSeconds,10:0.0000} s  {Describe(recording, one)}\n");
        }

        return text.ToString();
    }

    private static string Describe(Recording recording, RecordedEvent one)
    {
        string task = one.Task == 0 ? "a callback" : $"{recording.NameOf(one.Task)} #{one.Task}";
        string other = one.Other == 0 ? "a timer, I/O, or another thread" : $"#{one.Other}";
        return one.Kind switch
        {
            RecordedEventKind.Step => $"{task} runs",
            RecordedEventKind.Wake => one.Other == one.Task ? $"{task} yields" : $"{task} is woken by {other}",
            RecordedEventKind.Idle => string.Create(CultureInfo.InvariantCulture, $"nothing to do for {one.Duration.TotalSeconds:0.####} s"),
            RecordedEventKind.TaskCreated => $"{task} is created{(one.Other == 0 ? "" : $" by {other}")}",
            RecordedEventKind.TaskEnded => $"{task} ends",
            RecordedEventKind.Mark => $"mark: {recording.LabelOf(one)}",
            _ => $"a step of {task} took long",
        };
    }

    /// <summary>The inside at one moment, which is put into words only if it is needed.</summary>
    internal sealed class Sight(LoopSnapshot snapshot, Recording recording)
    {
        internal string Write() => InsideReport.Write(snapshot, recording);
    }
}
