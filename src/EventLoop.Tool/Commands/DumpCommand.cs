using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Files;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Commands;

/// <summary>Writes everything that is known about the loops of a process to a file.</summary>
internal static class DumpCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        var target = Target.Find(line.RequiredProcess);
        var parts = Question.Ask(target, "dump", Answers.Arguments(line), line.Timeout);
        var frames = line.Has("--frames") ? Frames.Read(target, line.Timeout) : [];
        string path = line.Output ?? $"{target.Id}-{DateTime.UtcNow:yyyyMMdd'T'HHmmss}.eldump";
        NewFile.Write(path, file =>
        {
            foreach (var (_, data) in parts)
            {
                file.Write(data);
                if (frames.Count > 0)
                {
                    using var json = new Utf8JsonWriter(file);
                    json.WriteStartObject();
                    json.WriteTexts("frames", frames);
                    json.WriteEndObject();
                    json.Flush();
                    file.WriteByte((byte)'\n');
                }
            }
        });

        var dumps = parts.Count > 0 ? DumpReader.Read(path) : [];
        if (line.Json)
        {
            using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("file", path);
            json.WriteNumber("loops", dumps.Count);
            json.WriteNumber("tasks", dumps.Sum(static dump => dump.Snapshot.TaskCount));
            json.WriteTexts("frames", frames);
            json.WriteEndObject();
            json.Flush();
            to.WriteLine();
            return ExitCode.Fine;
        }

        int records = dumps.Sum(static dump => dump.Recording?.Events.Count ?? 0);
        to.WriteLine(PlainText.Line($"wrote {path}: {dumps.Count} {(dumps.Count == 1 ? "loop" : "loops")}, "
            + $"{dumps.Sum(static dump => dump.Snapshot.TaskCount)} tasks, {dumps.Sum(static dump => dump.Ended.Count)} ended, {records} records"));
        foreach (string frame in frames)
        {
            to.WriteLine(PlainText.Line(frame));
        }

        return ExitCode.Fine;
    }
}
