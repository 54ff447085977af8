using EventLoop.Diagnostics;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Commands;

/// <summary>Shows the tasks as a tree.</summary>
internal static class PsTreeCommand
{
    internal static ExitCode Run(CommandLine line, TextWriter to)
    {
        var view = line.Value("--by") switch
        {
            null or "owner" => SnapshotView.ByOwner,
            "await" => SnapshotView.ByAwait,
            var other => throw new ToolException(ExitCode.Usage, $"--by takes 'owner' or 'await', not '{other}'."),
        };
        var snapshots = Answers.Snapshots(line);
        if (line.Json)
        {
            return PsCommand.WriteJson(snapshots, to);
        }

        foreach (var snapshot in snapshots)
        {
            snapshot.WriteText(to, view);
        }

        return ExitCode.Fine;
    }
}
