using System.Globalization;
using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Files;

/// <summary>One loop in a dump.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Ended">The tasks that ended last, newest first.</param>
/// <param name="Recording">What happened last; null: there was no recording.</param>
/// <param name="Frames">The stack of the loop's thread, if it was requested.</param>
internal sealed record Dump(LoopSnapshot Snapshot, IReadOnlyList<EndedTask> Ended, Recording? Recording, IReadOnlyList<string> Frames);

/// <summary>Reads dumps, which are lines of JSON; unknown lines are skipped.</summary>
internal static class DumpReader
{
    internal static List<Dump> Read(string path)
    {
        if (File.Exists(path) && RecordFile.IsOne(path))
        {
            throw new ToolException(ExitCode.Usage,
                $"{path} is a recording: 'eventloop web {path}' shows it, 'eventloop trace {path}' writes it for ui.perfetto.dev.");
        }

        return Read(() => File.ReadLines(path), path);
    }

    /// <param name="part">A dump of one loop.</param>
    /// <param name="path">Where it will be.</param>
    internal static Dump Read(byte[] part, string path)
    {
        return Read(Lines, path)[0];

        IEnumerable<string> Lines()
        {
            using var reader = new StreamReader(new MemoryStream(part));
            while (reader.ReadLine() is { } line)
            {
                yield return line;
            }
        }
    }

    private static List<Dump> Read(Func<IEnumerable<string>> lines, string path)
    {
        try
        {
            return Read(lines(), path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Usage, $"{path} cannot be read: {failure.Message}");
        }
        catch (Exception failure) when (failure is InvalidOperationException or FormatException or OverflowException or KeyNotFoundException
            or IndexOutOfRangeException or ArgumentException)
        {
            throw new ToolException(ExitCode.Usage, $"{path} is damaged: {failure.Message}");      // JSON, but of another shape
        }
    }

    private static List<Dump> Read(IEnumerable<string> lines, string path)
    {
        var dumps = new List<Dump>();
        LoopSnapshot? snapshot = null;
        IReadOnlyList<EndedTask> ended = [];
        var frames = new List<string>();
        List<RecordedEvent>? events = null;
        Dictionary<int, string> names = [];
        Dictionary<int, string> labels = [];
        bool isDump = false;
        foreach (string line in lines)
        {
            JsonElement json;
            try
            {
                using var document = JsonDocument.Parse(line);
                json = document.RootElement.Clone();
            }
            catch (JsonException)
            {
                if (!isDump)
                {
                    throw new ToolException(ExitCode.Usage, $"{path} is no dump of a loop.");
                }

                continue;      // it was cut short
            }

            if (json.ValueKind != JsonValueKind.Object)
            {
                continue;
            }

            if (json.Text("kind") == "dump")
            {
                if (json.Int("v") > LoopEventSource.Version)
                {
                    throw new ToolException(ExitCode.Usage, $"{path} was written by a newer library: show it with a newer tool.");
                }

                Complete();
                isDump = true;
            }
            else if (json.TryGetProperty("tasks", out _) && json.TryGetProperty("loopId", out _))
            {
                snapshot = SnapshotJson.Read(json);
                isDump = true;
            }
            else if (json.TryGetProperty("ended", out _))
            {
                ended = json.List("ended", ReadEnded);
            }
            else if (json.TryGetProperty("recording", out var recording))
            {
                events = [];
                names = Numbered(recording, "names");
                labels = Numbered(recording, "labels");
            }
            else if (json.TryGetProperty("events", out _) && events is not null)
            {
                events.AddRange(json.List("events", ReadEvent));
            }
            else if (json.TryGetProperty("frames", out _))
            {
                frames.AddRange(json.Texts("frames"));
            }
        }

        Complete();
        return dumps.Count > 0 ? dumps : throw new ToolException(ExitCode.Usage, $"{path} is no dump of a loop.");

        void Complete()
        {
            if (snapshot is not null)
            {
                dumps.Add(new Dump(snapshot, ended, events is null ? null : new Recording(snapshot.LoopName, events, names, labels), [.. frames]));
            }

            (snapshot, ended, events) = (null, [], null);
            frames.Clear();
        }
    }

    internal static Dictionary<int, string> Numbered(JsonElement json, string name)
    {
        var all = new Dictionary<int, string>();
        if (json.TryGetProperty(name, out var table) && table.ValueKind == JsonValueKind.Object)
        {
            foreach (var one in table.EnumerateObject())
            {
                if (int.TryParse(one.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                {
                    all[number] = one.Value.GetString() ?? "";
                }
            }
        }

        return all;
    }

    private static EndedTask ReadEnded(JsonElement json) => new(
        json.Int("id"),
        json.Text("name") ?? "",
        json.Enum<LoopTaskStatus>("status"),
        json.Time("endedAt") ?? default,
        json.Time("lived") ?? default,
        json.Id("createdBy"),
        json.Text("failure"),
        json.List("cancelledBy", static link => new CancelLink(link.Text("by") ?? "", link.Id("taskId"), link.Text("reason"), link.Time("at") ?? default)));

    private static RecordedEvent ReadEvent(JsonElement json) => new(
        Enum.TryParse<RecordedEventKind>(json[0].GetString(), out var kind) ? kind : RecordedEventKind.Mark,
        Time(json[1]),
        Time(json[2]),
        json[3].GetInt32(),
        json[4].GetInt32());

    private static TimeSpan Time(JsonElement seconds) => TimeSpan.FromTicks((long)(seconds.GetDecimal() * TimeSpan.TicksPerSecond));
}
