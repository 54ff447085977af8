using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Files;

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

        var recording = RecordFile.IsOne(path) ? RecordFile.Read(path)
            : DumpReader.Read(path).Select(static dump => dump.Recording).FirstOrDefault(static one => one is not null)
                ?? throw new ToolException(ExitCode.Usage, $"{path} holds no recording: the recorder was off.");
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
        if (line.Json)
        {
            using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("file", into);
            json.WriteNumber("tracks", recording.Tasks.Count);
            json.WriteNumber("steps", steps.Count);
            json.WriteEndObject();
            json.Flush();
            to.WriteLine();
            return ExitCode.Fine;
        }

        to.WriteLine(PlainText.Line($"wrote {into}: {recording.Tasks.Count} tracks, {steps.Count} steps, "
            + $"{recording.Events.Count(static one => one.Kind == RecordedEventKind.Wake)} wake-ups; "
            + $"{(chrome ? "open it in chrome://tracing" : "open it in ui.perfetto.dev")}"));
        foreach (var step in longest)
        {
            to.WriteLine(PlainText.Line($"  a step of {(step.Task == 0 ? "a callback" : $"{recording.NameOf(step.Task)} #{step.Task}")} took "
                + $"{PlainText.Short(step.Duration)} at {PlainText.Short(step.Time)}"));
        }

        return ExitCode.Fine;
    }
}
