using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Tool.Commands;
using EventLoop.Tool.Files;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Web;

/// <summary>Records when the page asks for it, one recording at a time, and keeps the latest, of which the page asks for pieces. Any thread.</summary>
internal sealed class LiveRecording(Target target, TimeSpan timeout) : IPageRecording
{
    private const int MostRecords = 2_000_000;
    private const int Capacity = 1 << 20;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly Lock gate = new();      // around the two below
    private bool isRecording;
    private Timeline? latest;

    public Timeline? Latest(string? loop)
    {
        lock (gate)
        {
            return latest;
        }
    }

    public Timeline Record(string? loop, TimeSpan span)
    {
        lock (gate)
        {
            if (isRecording)
            {
                throw new ToolException(ExitCode.Usage, "A recording is under way.");
            }

            isRecording = true;
        }

        try
        {
            var made = RecordNow(loop, span < Longest ? span : Longest);
            lock (gate)
            {
                latest = made;
            }

            return made;
        }
        finally
        {
            lock (gate)
            {
                isRecording = false;
            }
        }
    }

    private Timeline RecordNow(string? loop, TimeSpan span)
    {
        var arguments = new Dictionary<string, string> { ["capacity"] = Capacity.ToString(CultureInfo.InvariantCulture) };
        if (loop is not null)
        {
            arguments["loop"] = loop;
        }

        var names = new Dictionary<int, string>();
        var labels = new Dictionary<int, string>();
        var records = new List<(byte Kind, long Time, int Task, uint Other)>();
        long began = 0;
        long lost = 0;
        Question.Stream(
            target,
            "record",
            arguments,
            timeout,
            (kind, data) =>
            {
                if (began == 0)
                {
                    Volatile.Write(ref began, Stopwatch.GetTimestamp());
                }

                if (kind == "records" && records.Count < MostRecords)
                {
                    RecordFile.Add(records, data);
                }
                else if (kind == "names")
                {
                    lost = RecordCommand.Note(data, names, labels, records.Count);
                }
            },
            () => Volatile.Read(ref began) is not 0 and var start && (Stopwatch.GetElapsedTime(start) >= span || records.Count >= MostRecords),
            withRest: true);
        long last = records.Count > 0 ? records[^1].Time : 0;
        return new Timeline(new Recording("", Recording.ToEvents(records, last), names, labels), lost);
    }
}
