using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Commands;

/// <summary>Shows what looks wrong.</summary>
internal static class DoctorCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        var snapshots = Answers.Snapshots(line);
        var stuck = line.Process is { } id ? StuckStep.Find(Target.Find(id), snapshots, line) : [];
        var leaks = line.Has("--leaks") ? Leaks.Find(Target.Find(line.RequiredProcess), line.Timeout) : [];
        bool any = leaks.Count > 0 || stuck.Count > 0 || snapshots.Exists(snapshot =>
            Problems(snapshot, stuck).Any(static one => one.Severity > FindingSeverity.Info));
        if (line.Json)
        {
            WriteJson(line, snapshots, stuck, leaks);
            to.WriteLine();
            return any ? ExitCode.Findings : ExitCode.Fine;
        }

        foreach (var step in stuck)
        {
            step.Write(to);
        }

        foreach (var snapshot in snapshots)
        {
            foreach (var finding in Problems(snapshot, stuck))
            {
                to.WriteLine(PlainText.Line($"{finding.Severity.ToString().ToUpperInvariant(),-7} {finding.Kind} on loop '{snapshot.LoopName}': "
                    + $"{finding.Message}"));
                to.WriteLine(PlainText.Line($"        {finding.Advice}"));
            }
        }

        foreach (var leak in leaks)
        {
            to.WriteLine(PlainText.Line($"WARNING NeverWakes: {leak.Message}"));
            to.WriteLine("        Nothing in the process holds what they wait for, so that nothing can end the wait: keep it, cancel them, or give the wait "
                + "a timeout.");
        }

        if (!any)
        {
            to.WriteLine("nothing looks wrong");
        }

        return any ? ExitCode.Findings : ExitCode.Fine;
    }

    // What two looks have shown says more than the one that the process took itself.
    private static IEnumerable<Finding> Problems(LoopSnapshot snapshot, List<StuckStep> stuck) => snapshot.FindProblems().Where(finding =>
        finding.Kind != FindingKind.LongStep || !stuck.Exists(step => step.Loop == snapshot.LoopName && step.TaskId == snapshot.Running?.TaskId));

    private static void WriteJson(CommandLine line, List<LoopSnapshot> snapshots, List<StuckStep> stuck, List<Leak> leaks)
    {
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartObject();
        json.WriteNumber("v", 1);
        json.WriteId("pid", line.Process);
        json.WriteStartArray("findings");
        foreach (var step in stuck)
        {
            json.WriteStartObject();
            json.WriteString("kind", nameof(FindingKind.LongStep));
            json.WriteString("severity", nameof(FindingSeverity.Error));
            json.WriteText("loop", step.Loop);
            json.WriteIds("tasks", step.TaskId is { } id ? [id] : []);
            json.WriteText("message", step.Message);
            json.WriteText("advice", step.Advice);
            json.WriteTexts("frames", step.Frames);
            json.WriteEndObject();
        }

        foreach (var snapshot in snapshots)
        {
            foreach (var finding in Problems(snapshot, stuck))
            {
                json.WriteStartObject();
                json.WriteString("kind", finding.Kind.ToString());
                json.WriteString("severity", finding.Severity.ToString());
                json.WriteText("loop", snapshot.LoopName);
                json.WriteIds("tasks", finding.Tasks);
                json.WriteText("message", finding.Message);
                json.WriteText("advice", finding.Advice);
                json.WriteEndObject();
            }
        }

        foreach (var leak in leaks)
        {
            json.WriteStartObject();
            json.WriteString("kind", "NeverWakes");
            json.WriteString("severity", nameof(FindingSeverity.Warning));
            json.WriteNumber("count", leak.Count);
            json.WriteText("method", leak.Method);
            json.WriteText("message", leak.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
    }
}
