using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Files;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Commands;

/// <summary>Writes a recording, or that of a dump, for a trace viewer.</summary>
internal static class TraceCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        if (line.Operands.Count != 1)
        {
            throw new ToolException(ExitCode.Usage, "'eventloop trace' needs a recording or a dump.");
        }

        string path = line.Operands[0];
        bool chrome = line.Value("--format") switch
        {
            null or "perfetto" => false,
            "chrome" => true,
            var other => throw new ToolException(ExitCode.Usage, $"--format takes 'perfetto' or 'chrome', not '{other}'."),
        };
        if (!File.Exists(path))
        {
            throw new ToolException(ExitCode.Usage, $"There is no file {path}.");
        }

        var recording = Choose(path, line, out string of);
        string into = line.Output ?? Path.ChangeExtension(path, chrome ? ".json" : ".pftrace");
        NewFile.Write(into, file =>
        {
            if (chrome)
            {
                recording.WriteChromeJson(file);
            }
            else
            {
                recording.WritePerfetto(file);
            }
        });

        var steps = recording.Events.Where(static one => one.Kind == RecordedEventKind.Step).ToList();
        var longest = steps.OrderByDescending(static step => step.Duration).Take(3).Where(static step => step.Duration > TimeSpan.FromMilliseconds(1)).ToList();
        int wakes = recording.Events.Count(static one => one.Kind == RecordedEventKind.Wake);
        if (line.Json)
        {
            using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("file", into);
            json.WriteText("loop", recording.LoopName);
            json.WriteNumber("tracks", recording.Tasks.Count);
            json.WriteNumber("steps", steps.Count);
            json.WriteNumber("wakes", wakes);
            json.WriteObjects("longest", longest, (json, step) =>
            {
                json.WriteId("task", step.Task == 0 ? null : step.Task);
                json.WriteText("name", NameOf(recording, step));
                json.WriteTime("at", step.Time);
                json.WriteTime("duration", step.Duration);
            });
            json.WriteEndObject();
            json.Flush();
            to.WriteLine();
            return ExitCode.Fine;
        }

        to.WriteLine(PlainText.Line($"wrote {into}{of}: {recording.Tasks.Count} tracks, {steps.Count} steps, {wakes} wake-ups; "
            + $"{(chrome ? "open it in chrome://tracing" : "open it in ui.perfetto.dev")}"));
        foreach (var step in longest)
        {
            to.WriteLine(PlainText.Line($"  a step of {NameOf(recording, step)}{(step.Task == 0 ? "" : $" #{step.Task}")} took "
                + $"{PlainText.Short(step.Duration)} at {PlainText.Short(step.Time)}"));
        }

        return ExitCode.Fine;
    }

    private static string NameOf(Recording recording, RecordedEvent step) => step.Task == 0 ? "a callback" : recording.NameOf(step.Task);

    // Of a dump the one of the loop that is asked for, or else the first; which it is, where there are several.
    private static Recording Choose(string path, CommandLine line, out string of)
    {
        of = "";
        if (RecordFile.IsOne(path))
        {
            var recording = RecordFile.Read(path);
            return line.Loop is not { } name || name == recording.LoopName ? recording
                : throw new ToolException(ExitCode.Usage, $"There is no loop '{name}' in {path}; there is '{recording.LoopName}'.");
        }

        var recorded = Answers.Named(DumpReader.Read(path), line).FindAll(static dump => dump.Recording is not null);
        if (recorded.Count == 0)
        {
            throw new ToolException(ExitCode.Usage, $"{path} holds no recording{(line.Loop is null ? "" : " of that loop")}: the recorder was off.");
        }

        if (recorded.Count > 1)
        {
            of = $" of loop '{recorded[0].Snapshot.LoopName}', one of {recorded.Count} (--name chooses)";
        }

        return recorded[0].Recording!;
    }
}
