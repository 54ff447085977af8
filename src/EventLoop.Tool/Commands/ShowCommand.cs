using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Files;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Commands;

/// <summary>Shows the contents of a dump.</summary>
internal static class ShowCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        if (line.Operands.Count != 1)
        {
            throw new ToolException(ExitCode.Usage, "'eventloop show' needs a dump file.");
        }

        var view = line.Has("--bunches") ? SnapshotView.Bunches : PsTreeCommand.View(line) ?? SnapshotView.List;
        var dumps = Answers.Dumps(line);
        foreach (var dump in dumps)
        {
            if (line.Json)
            {
                WriteJson(dump, line.Has("--ended"), to);
                continue;
            }

            if (line.Has("--ended"))
            {
                WriteEnded(dump, to);
                continue;
            }

            dump.Snapshot.WriteText(to, view);
            PsCommand.WriteFindings(dump.Snapshot.FindProblems(), to);
            foreach (string frame in dump.Frames)
            {
                to.WriteLine(PlainText.Line(frame));
            }

            if (dump.Recording is { } recording)
            {
                to.WriteLine(PlainText.Line($"{recording.Events.Count} records of the last {PlainText.Short(recording.To - recording.From)}: eventloop trace "
                    + $"{line.Operands[0]}{(dumps.Count > 1 || line.Loop is not null ? $" --name {dump.Snapshot.LoopId}" : "")}"));
            }
        }

        return ExitCode.Fine;
    }

    // The tasks that have ended are a line for themselves, as in the dump.
    private static void WriteJson(Dump dump, bool withEnded, TextWriter to)
    {
        PsCommand.WriteJson([dump.Snapshot], to);
        if (withEnded)
        {
            var bytes = new MemoryStream();
            using (var json = new Utf8JsonWriter(bytes))
            {
                DumpFile.WriteEnded(dump.Ended, json);
            }

            PsCommand.WriteLine(bytes, to);
        }
    }

    private static void WriteEnded(Dump dump, TextWriter to)
    {
        if (dump.Ended.Count == 0)
        {
            to.WriteLine(PlainText.Line($"loop '{dump.Snapshot.LoopName}': none were kept (LoopDiagnostics.EndedTasksKept)"));
        }

        foreach (var task in dump.Ended)
        {
            string how = task.Status switch
            {
                LoopTaskStatus.RanToCompletion => "finished",
                LoopTaskStatus.Faulted => "failed",
                _ => "canceled",
            };
            string way = string.Join(" -> ", task.CancelledBy.Select(static link => $"{link.By}{(link.TaskId is { } by ? $" #{by}" : "")}"));
            string reason = task.CancelledBy.Count > 0 && task.CancelledBy[0].Reason is { } given ? $"   \"{given}\"" : "";
            string ended = $"{how} {PlainText.Short(dump.Snapshot.LoopTime - task.EndedAt)} ago after {PlainText.Short(task.Lived)}";
            string failed = task.Failure is { } failure ? $"   {failure}" : "";
            to.WriteLine(PlainText.Line($"  #{task.Id} {task.Name}  {ended}{failed}{(way.Length > 0 ? $"   {way} -> #{task.Id}{reason}" : "")}"));
        }
    }
}
