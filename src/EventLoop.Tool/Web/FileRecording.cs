using System.Globalization;
using EventLoop.Tool.Files;

namespace EventLoop.Tool.Web;

/// <summary>What a file holds: a recording, or those of the loops of a dump.</summary>
internal sealed class FileRecording : IPageRecording
{
    private readonly List<(string? Loop, Timeline Shown)> all = [];

    internal FileRecording(Timeline recording) => all.Add((null, recording));

    internal FileRecording(IEnumerable<Dump> dumps)
    {
        foreach (var dump in dumps)
        {
            if (dump.Recording is { } recording)
            {
                all.Add((dump.Snapshot.LoopId.ToString(CultureInfo.InvariantCulture), new Timeline(recording, lost: 0)));
            }
        }
    }

    public Timeline? Latest(string? loop) => all.Find(one => loop is null || one.Loop is null || one.Loop == loop).Shown;

    public Timeline Record(string? loop, TimeSpan span) => throw new ToolException(ExitCode.Usage, "This is a file: only a process can be recorded.");
}
