using System.Diagnostics;
using System.Globalization;
using EventLoop.Tool.Files;
using EventLoop.Tool.Targets;

namespace EventLoop.Tool.Web;

/// <summary>Records when the page asks for it, one recording at a time, and keeps the latest of each of a few loops, of which the page asks for pieces. Any
/// thread.</summary>
internal sealed class LiveRecording(Target target, TimeSpan timeout) : IPageRecording
{
    private const int MostRecords = 2_000_000;
    private const int Capacity = 1 << 20;
    private const int MostKept = 4;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly Lock gate = new();      // around the two below
    private bool isRecording;
    private readonly List<(string? Loop, Timeline Made)> kept = [];      // newest first

    public Timeline? Latest(string? loop)
    {
        lock (gate)
        {
            return kept.Find(one => loop is null || one.Loop == loop).Made;
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
                kept.RemoveAll(one => one.Loop == loop);
                kept.Insert(0, (loop, made));
                if (kept.Count > MostKept)
                {
                    kept.RemoveAt(MostKept);
                }
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

        var notes = new RecordNotes();
        var records = new List<(byte Kind, long Time, int Task, uint Other)>();
        long began = 0;
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
                    notes.Add(data, records.Count);
                }
            },
            () => Volatile.Read(ref began) is not 0 and var start && (Stopwatch.GetElapsedTime(start) >= span || records.Count >= MostRecords),
            withRest: true);
        return notes.HaveCome ? new Timeline(notes.ToRecording(records), notes.Lost)
            : throw new ToolException(ExitCode.Usage, "There is no such loop any more.");
    }
}
