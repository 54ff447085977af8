using System.Text.Json;

namespace EventLoop.Diagnostics;

/// <summary>Everything that is known about a loop as lines of JSON: a header, the snapshot, the ended tasks, the recording in blocks.</summary>
internal static class DumpFile
{
    private const int EventsInLine = 1000;

    internal static void Write(Loop loop, Stream to)
    {
        var recorder = loop.Diagnostics.Recorder;
        var ended = loop.Diagnostics.EndedTasks;
        bool recorded = recorder.Capacity > 0;
        using (var json = new Utf8JsonWriter(to, SnapshotJson.Options))
        {
            json.WriteStartObject();
            json.WriteNumber("v", SnapshotJson.Version);
            json.WriteString("kind", "dump");
            json.WriteNumber("pid", Environment.ProcessId);
            json.WriteText("process", ProgramName.Value);
            json.WriteNumber("loopId", loop.Id);
            json.WriteText("loopName", loop.Name);
            json.WriteString("library", typeof(Loop).Assembly.GetName().Version?.ToString());
            json.WriteTexts("follows", recorded ? ["snapshot", "ended", "recording", "events"] : ["snapshot", "ended"]);
            json.WriteEndObject();
        }

        Line(to);
        loop.TakeSnapshot(new SnapshotOptions { MostTasks = int.MaxValue }).WriteJson(to);
        Line(to);
        using (var json = new Utf8JsonWriter(to, SnapshotJson.Options))
        {
            WriteEnded(ended, json);
        }

        Line(to);
        if (recorded)
        {
            Write(recorder.Capture(), to);
        }

        to.Flush();
    }

    internal static void WriteEnded(IReadOnlyList<EndedTask> ended, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("ended");
        foreach (var task in ended)
        {
            json.WriteStartObject();
            json.WriteNumber("id", task.Id);
            json.WriteText("name", task.Name);
            json.WriteString("status", task.Status.ToString());
            json.WriteTime("endedAt", task.EndedAt);
            json.WriteTime("lived", task.Lived);
            json.WriteId("createdBy", task.CreatedBy);
            json.WriteText("failure", task.Failure);
            json.WriteObjects("cancelledBy", task.CancelledBy, static (json, link) =>
            {
                json.WriteText("by", link.By);
                json.WriteId("taskId", link.TaskId);
                json.WriteText("reason", link.Reason);
                json.WriteTime("at", link.At);
            });
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
    }

    internal static void Write(Recording recording, Stream to)
    {
        using (var json = new Utf8JsonWriter(to, SnapshotJson.Options))
        {
            json.WriteStartObject();
            json.WriteStartObject("recording");
            json.WriteTime("from", recording.From);
            json.WriteTime("to", recording.To);
            json.WriteNumber("count", recording.Events.Count);
            json.WriteStartObject("names");
            foreach (int task in recording.Tasks.Order())
            {
                json.WriteText(task.ToString(System.Globalization.CultureInfo.InvariantCulture), Scheduling.ResourceNames.Cut(recording.NameOf(task)));
            }

            json.WriteEndObject();
            json.WriteStartObject("labels");
            foreach (var (number, label) in recording.Labels)
            {
                json.WriteText(number.ToString(System.Globalization.CultureInfo.InvariantCulture), label);
            }

            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        Line(to);
        foreach (var block in recording.Events.Chunk(EventsInLine))
        {
            using (var json = new Utf8JsonWriter(to, SnapshotJson.Options))
            {
                json.WriteStartObject();
                json.WriteStartArray("events");
                foreach (var one in block)
                {
                    json.WriteStartArray();
                    json.WriteStringValue(one.Kind.ToString());
                    json.WriteNumberValue((decimal)one.Time.Ticks / TimeSpan.TicksPerSecond);
                    json.WriteNumberValue((decimal)one.Duration.Ticks / TimeSpan.TicksPerSecond);
                    json.WriteNumberValue(one.Task);
                    json.WriteNumberValue(one.Other);
                    json.WriteEndArray();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            Line(to);
        }
    }

    private static void Line(Stream to) => to.WriteByte((byte)'\n');
}
