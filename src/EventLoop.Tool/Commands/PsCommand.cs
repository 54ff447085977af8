using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Commands;

/// <summary>Shows what every task does.</summary>
internal static class PsCommand
{
    private const int MostLines = 60;
    private static readonly TimeSpan LongStep = TimeSpan.FromSeconds(1);

    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        bool bunches = line.Has("--bunches");
        bool frames = line.Has("--frames");
        var target = frames ? Target.Find(line.RequiredProcess) : Answers.TargetOf(line);
        if (line.Json && target is not null)
        {
            var parts = Answers.Json(target, line, bunches);
            PassOn(parts, to);
            if (frames)
            {
                WriteJson(target, StuckStep.Find(target, [.. parts.Select(Answers.Snapshot)], line), to);
            }

            return ExitCode.Fine;
        }

        var snapshots = Answers.Snapshots(target, line, bunches);
        if (line.Json)
        {
            return WriteJson(snapshots, to);
        }

        var stuck = frames ? StuckStep.Find(target!, snapshots, line) : [];
        foreach (var snapshot in snapshots)
        {
            // If there are many, unique ones are listed individually, the others grouped.
            bool many = !bunches && !line.Has("--all") && line.Value("--most") is null
                && snapshot.Bunches.Sum(static bunch => bunch.Count) > MostLines;
            snapshot.WriteText(to, bunches || many ? SnapshotView.Bunches : SnapshotView.List);
            if (many)
            {
                to.WriteLine("(--all lists them one by one, --filter those of a name or method)");
            }

            WriteFindings(StuckStep.Others(snapshot, stuck), to);
            if (snapshot.Running is { } step && (step.Elapsed ?? snapshot.SinceLook) is { } time && time > LongStep
                && !frames && line.Process is { } process)
            {
                to.WriteLine(PlainText.Line($"{step.Who}{(step.TaskId is { } id ? $" #{id}" : "")} may not have come back from its step for "
                    + $"{PlainText.Short(time)}: eventloop ps {process} --frames shows where"));
            }
        }

        foreach (var step in stuck)
        {
            step.Write(to);
        }

        if (snapshots.Count == 0)
        {
            to.WriteLine("no loop at the moment");
        }

        return ExitCode.Fine;
    }

    // What is already in the tool's own format is not parsed and written again: it may be about a hundred thousand tasks.
    private static void PassOn(List<byte[]> snapshots, TextWriter to)
    {
        const int block = 1 << 15;
        foreach (byte[] json in snapshots)
        {
            if (!Answers.IsPlain(json))
            {
                WriteJson([Answers.Snapshot(json)], to);
                continue;
            }

            for (int at = 0; at < json.Length; at += block)
            {
                to.Write(System.Text.Encoding.ASCII.GetString(json, at, Math.Min(block, json.Length - at)));
            }

            to.WriteLine();
        }
    }

    // A line for itself, as doctor tells it.
    private static void WriteJson(Target target, List<StuckStep> stuck, TextWriter to)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteNumber("pid", target.Id);
            json.WriteStartArray("findings");
            foreach (var step in stuck)
            {
                step.Write(json);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        WriteLine(bytes, to);
    }

    internal static void WriteLine(MemoryStream json, TextWriter to) =>
        to.WriteLine(System.Text.Encoding.UTF8.GetString(json.GetBuffer(), 0, (int)json.Length));

    internal static ExitCode WriteJson(List<LoopSnapshot> snapshots, TextWriter to)
    {
        foreach (var snapshot in snapshots)
        {
            var bytes = new MemoryStream();
            snapshot.WriteJson(bytes);
            WriteLine(bytes, to);
        }

        return ExitCode.Fine;
    }

    internal static void WriteFindings(IEnumerable<Finding> findings, TextWriter to)
    {
        foreach (var finding in findings)
        {
            to.WriteLine(PlainText.Line($"{finding.Severity.ToString().ToUpperInvariant()} {finding.Kind}: {finding.Message}"));
        }
    }
}
