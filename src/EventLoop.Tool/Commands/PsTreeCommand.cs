using EventLoop.Diagnostics;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Commands;

/// <summary>Shows the tasks as a tree.</summary>
internal static class PsTreeCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        var view = View(line) ?? SnapshotView.ByOwner;
        int most = line.Has("--all") ? int.MaxValue : line.Number("--most", Answers.MostTasks);
        var snapshots = Answers.Snapshots(Answers.TargetOf(line), line);
        if (line.Json)
        {
            return PsCommand.WriteJson(snapshots, to);
        }

        foreach (var snapshot in snapshots)
        {
            snapshot.WriteText(to, view);
            if (snapshot.Tasks.Count >= most && snapshot.Tasks.Count + snapshot.Unread < snapshot.TaskCount)
            {
                to.WriteLine($"(these are the {SnapshotText.Number(snapshot.Tasks.Count, "task")} that have stood longest; --all draws all of them)");
            }
        }

        if (snapshots.Count == 0)
        {
            to.WriteLine("no loop at the moment");
        }

        return ExitCode.Fine;
    }

    /// <returns>Null: it is not asked for.</returns>
    internal static SnapshotView? View(CommandLine line) => line.Value("--by") switch
    {
        null => null,
        "owner" => SnapshotView.ByOwner,
        "await" => SnapshotView.ByAwait,
        var other => throw new ToolException(ExitCode.Usage, $"--by takes 'owner' or 'await', not '{other}'."),
    };
}
