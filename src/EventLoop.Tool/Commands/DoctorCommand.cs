using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Commands;

/// <summary>Shows what looks wrong.</summary>
internal static class DoctorCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        var target = line.Has("--leaks") ? Target.Find(line.RequiredProcess) : Answers.TargetOf(line);
        var snapshots = Answers.Snapshots(target, line);
        var stuck = target is null ? [] : StuckStep.Find(target, snapshots, line);
        var leaks = target is not null && line.Has("--leaks") ? Leaks.Find(target, line.Timeout) : [];
        var problems = snapshots.SelectMany(snapshot => StuckStep.Others(snapshot, stuck)).ToList();
        bool any = leaks.Count > 0 || stuck.Count > 0 || problems.Exists(static one => one.Severity > FindingSeverity.Info);
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
            foreach (var finding in StuckStep.Others(snapshot, stuck))
            {
                to.WriteLine(PlainText.Line($"{finding.Severity.ToString().ToUpperInvariant(),-7} {finding.Kind} on loop '{snapshot.LoopName}': "
                    + $"{finding.Message}"));
                to.WriteLine(PlainText.Line($"        {finding.Advice}"));
            }
        }

        foreach (var leak in leaks)
        {
            to.WriteLine(PlainText.Line($"WARNING NeverWakes: {leak.Message}"));
            to.WriteLine($"        {Leak.Advice}");
        }

        if (snapshots.Count == 0)
        {
            to.WriteLine("no loop at the moment");
        }
        else if (!any && problems.Count == 0)
        {
            to.WriteLine("nothing looks wrong");
        }

        return any ? ExitCode.Findings : ExitCode.Fine;
    }

    private static void WriteJson(CommandLine line, List<LoopSnapshot> snapshots, List<StuckStep> stuck, List<Leak> leaks)
    {
        using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
        json.WriteStartObject();
        json.WriteNumber("v", 1);
        json.WriteId("pid", line.Process);
        json.WriteStartArray("findings");
        foreach (var step in stuck)
        {
            step.Write(json);
        }

        foreach (var snapshot in snapshots)
        {
            foreach (var finding in StuckStep.Others(snapshot, stuck))
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
            json.WriteNull("loop");      // the heap does not tell
            json.WriteIds("tasks", []);
            json.WriteText("message", leak.Message);
            json.WriteText("advice", Leak.Advice);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
    }
}
