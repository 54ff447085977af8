using System.Globalization;
using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Files;

/// <summary>What a recording tells beside its records: the names of tasks and marks, which loop it is, what was lost, when it ended. It comes in pieces while
/// a process is recorded, and stands at the end of a file.</summary>
internal sealed class RecordNotes
{
    private Dictionary<int, string> names = [];
    private Dictionary<int, string> labels = [];
    private TimeSpan end;      // loop time; zero: an older library does not tell

    /// <summary>Whether the process has begun to record.</summary>
    internal bool HaveCome { get; private set; }

    /// <summary>The name of the loop; null: unknown.</summary>
    internal string? Loop { get; private set; }

    /// <summary>From how many loops that one was taken; zero: unknown.</summary>
    internal int Loops { get; private set; }

    /// <summary>How many records are missing.</summary>
    internal long Lost { get; private set; }

    /// <param name="data">The latest piece.</param>
    /// <param name="received">How many records have arrived so far.</param>
    internal void Add(byte[] data, long received)
    {
        using var json = JsonDocument.Parse(data);
        var piece = json.RootElement;
        foreach (var (task, name) in DumpReader.Numbered(piece, "names"))
        {
            names[task] = name;
        }

        foreach (var (number, label) in DumpReader.Numbered(piece, "labels"))
        {
            labels[number] = label;
        }

        HaveCome = true;
        Loop = piece.Text("loop");
        Loops = piece.Int("loops");
        end = piece.Time("time") ?? default;

        // What the target could not keep, and what got lost on the way because the runtime's buffers were full.
        Lost = piece.Long("lost") + Math.Max(0, piece.Long("sent") - received);
    }

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteText("loop", Loop);
        json.WriteTime("time", end);
        json.WriteNumber("lost", Lost);
        Write(json, "names", names);
        Write(json, "labels", labels);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, Dictionary<int, string> table)
    {
        json.WriteStartObject(name);
        foreach (var (number, text) in table)
        {
            json.WriteText(number.ToString(CultureInfo.InvariantCulture), text);
        }

        json.WriteEndObject();
    }

    internal void Read(JsonElement json)
    {
        names = DumpReader.Numbered(json, "names");
        labels = DumpReader.Numbered(json, "labels");
        Loop = json.Text("loop");
        Lost = json.Long("lost");
        end = json.Time("time") ?? default;
    }

    /// <param name="records">Its records, in the order in which they came.</param>
    /// <param name="otherwise">The name of the loop where it was not told.</param>
    internal Recording ToRecording(List<(byte Kind, long Time, int Task, uint Other)> records, string otherwise = "")
    {
        long last = records.Count > 0 ? records[^1].Time : 0;
        return new Recording(Loop ?? otherwise, Recording.ToEvents(records, Math.Max(last, end.Ticks)), names, labels);
    }
}
