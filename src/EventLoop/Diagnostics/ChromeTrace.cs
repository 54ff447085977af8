using System.Text.Json;

namespace EventLoop.Diagnostics;

/// <summary>Writes a recording as Chrome's trace events.</summary>
internal static class ChromeTrace
{
    internal static void Write(Recording recording, Stream to)
    {
        using var json = new Utf8JsonWriter(to, SnapshotJson.Options);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ns");
        json.WriteStartArray("traceEvents");
        Name(json, "process_name", 0, $"loop '{recording.LoopName}'");
        Name(json, "thread_name", 0, "callbacks and sleep");
        foreach (int task in recording.Tasks.Order())
        {
            Name(json, "thread_name", task, $"{recording.NameOf(task)} #{task}");
        }

        int flow = 0;
        foreach (var one in recording.Events)
        {
            switch (one.Kind)
            {
                case RecordedEventKind.Step:
                    Slice(json, one, one.Task == 0 ? "callback" : "step");
                    break;
                case RecordedEventKind.Idle:
                    Slice(json, one, "idle");
                    break;
                case RecordedEventKind.Stall:
                    Instant(json, one, "stall");
                    break;
                case RecordedEventKind.TaskCreated:
                    Instant(json, one, "created");
                    break;
                case RecordedEventKind.TaskEnded:
                    Instant(json, one, "ended");
                    break;
                case RecordedEventKind.Mark:
                    Instant(json, one, recording.Labels.GetValueOrDefault(one.Other, "mark"));
                    break;
                default:
                    flow++;
                    Flow(json, "s", one, one.Other, flow);
                    Flow(json, "f", one, one.Task, flow);
                    break;
            }

            if (json.BytesPending > 32_000)
            {
                json.Flush();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter json, string what, int thread, string name)
    {
        json.WriteStartObject();
        json.WriteString("ph", "M");
        json.WriteString("name", what);
        json.WriteNumber("pid", 1);
        json.WriteNumber("tid", thread);
        json.WriteStartObject("args");
        json.WriteText("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter json, string phase, RecordedEvent one, int thread, string name)
    {
        json.WriteStartObject();
        json.WriteString("ph", phase);
        json.WriteText("name", name);
        json.WriteString("cat", "eventloop");
        json.WriteNumber("pid", 1);
        json.WriteNumber("tid", thread);
        json.WriteNumber("ts", one.Time.Ticks / 10m);
    }

    private static void Slice(Utf8JsonWriter json, RecordedEvent one, string name)
    {
        Begin(json, "X", one, one.Task, name);
        json.WriteNumber("dur", one.Duration.Ticks / 10m);
        json.WriteEndObject();
    }

    private static void Instant(Utf8JsonWriter json, RecordedEvent one, string name)
    {
        Begin(json, "i", one, one.Task, name);
        json.WriteString("s", "t");
        json.WriteEndObject();
    }

    private static void Flow(Utf8JsonWriter json, string phase, RecordedEvent one, int thread, int id)
    {
        Begin(json, phase, one, thread, "wake");
        json.WriteNumber("id", id);
        json.WriteEndObject();
    }
}
