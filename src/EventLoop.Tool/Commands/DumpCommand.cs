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
        var parts = Question.Ask(target, "dump", Answers.Arguments(line), line.Timeout).FindAll(static part => part.Kind == "dump").ConvertAll(
            static part => part.Data);
        if (parts.Count == 0)
        {
            throw Answers.NoLoop(target, line);
        }

        string path = line.Output ?? $"{target.Id}-{DateTime.UtcNow:yyyyMMdd'T'HHmmss}.eldump";
        var dumps = Parse(parts, path, out var unknown);
        ToolException? missing = null;
        IReadOnlyDictionary<int, IReadOnlyList<string>> threads = new Dictionary<int, IReadOnlyList<string>>();
        try
        {
            threads = line.Has("--frames") ? Frames.ReadThreads(target, line.Timeout, [.. dumps.Select(static dump => dump.Snapshot)]) : threads;
        }
        catch (ToolException failure)
        {
            missing = failure;      // what is there is worth keeping
        }

        Write(path, parts, dumps, threads);
        if (unknown is not null)
        {
            throw unknown;
        }

        string[] frames = [.. Frames.Lines(threads)];
        int ended = dumps.Sum(static dump => dump.Ended.Count);
        int records = dumps.Sum(static dump => dump.Recording?.Events.Count ?? 0);
        if (line.Json)
        {
            using var json = new Utf8JsonWriter(Console.OpenStandardOutput());
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("file", path);
            json.WriteNumber("loops", dumps.Count);
            json.WriteNumber("tasks", dumps.Sum(static dump => dump.Snapshot.TaskCount));
            json.WriteNumber("ended", ended);
            json.WriteNumber("records", records);
            json.WriteTexts("frames", frames);
            json.WriteEndObject();
            json.Flush();
            to.WriteLine();
        }
        else
        {
            to.WriteLine(PlainText.Line($"wrote {path}: {dumps.Count} {(dumps.Count == 1 ? "loop" : "loops")}, "
                + $"{dumps.Sum(static dump => dump.Snapshot.TaskCount)} tasks, {ended} ended, {records} records"));
            foreach (string frame in frames)
            {
                to.WriteLine(PlainText.Line(frame));
            }
        }

        return missing is null ? ExitCode.Fine : throw new ToolException(missing.Code, $"The stacks of the threads are missing: {missing.Message}");
    }

    // Those of a newer library cannot be shown, but by a newer tool.
    private static List<Dump> Parse(List<byte[]> parts, string path, out ToolException? unknown)
    {
        unknown = null;
        try
        {
            return parts.ConvertAll(part => DumpReader.Read(part, path));
        }
        catch (ToolException newer)
        {
            unknown = newer;
            return [];
        }
    }

    private static void Write(string path, List<byte[]> parts, List<Dump> dumps, IReadOnlyDictionary<int, IReadOnlyList<string>> threads) =>
        NewFile.Write(path, file =>
        {
            for (int i = 0; i < parts.Count; i++)
            {
                file.Write(parts[i]);
                if (i < dumps.Count && Of(dumps[i].Snapshot, dumps, threads) is { Length: > 0 } frames)
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

    // The stack of a loop's own thread; where the system does not tell which that is, those of all that are no other loop's.
    private static string[] Of(LoopSnapshot loop, List<Dump> all, IReadOnlyDictionary<int, IReadOnlyList<string>> threads) =>
        [.. Frames.Lines(threads.Where(one => loop.IsRunning && (loop.Thread != 0 ? one.Key == loop.Thread
            : !all.Exists(other => other.Snapshot.Thread == one.Key))))];
}
