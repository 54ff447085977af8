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
        if (line.Json && line.Process is not null)
        {
            return PassOn(Answers.Json(line, bunches), to);
        }

        var snapshots = Answers.Snapshots(line, bunches);
        if (line.Json)
        {
            return WriteJson(snapshots, to);
        }

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

            WriteFindings(snapshot, to);
            if (snapshot.Running is { } step && (step.Elapsed ?? snapshot.SinceLook) is { } time && time > LongStep
                && !line.Has("--frames") && line.Process is { } process)
            {
                to.WriteLine(PlainText.Line($"{step.Who}{(step.TaskId is { } id ? $" #{id}" : "")} may not have come back from its step for "
                    + $"{PlainText.Short(time)}: eventloop ps {process} --frames shows where"));
            }
        }

        if (line.Has("--frames"))
        {
            foreach (var step in StuckStep.Find(Target.Find(line.RequiredProcess), snapshots, line))
            {
                step.Write(to);
            }
        }

        if (snapshots.Count == 0)
        {
            to.WriteLine("no loop at the moment");
        }

        return ExitCode.Fine;
    }

    // What is already in the tool's own format is not parsed and written again: it may be about a hundred thousand tasks.
    private static ExitCode PassOn(List<byte[]> snapshots, TextWriter to)
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

        return ExitCode.Fine;
    }

    internal static ExitCode WriteJson(List<LoopSnapshot> snapshots, TextWriter to)
    {
        foreach (var snapshot in snapshots)
        {
            var bytes = new MemoryStream();
            snapshot.WriteJson(bytes);
            to.WriteLine(System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
        }

        return ExitCode.Fine;
    }

    internal static void WriteFindings(LoopSnapshot snapshot, TextWriter to)
    {
        foreach (var finding in snapshot.FindProblems())
        {
            to.WriteLine(PlainText.Line($"{finding.Severity.ToString().ToUpperInvariant()} {finding.Kind}: {finding.Message}"));
        }
    }
}
