using System.Text;

namespace EventLoop.Diagnostics;

/// <summary>Writes a recording as Perfetto's TrackEvents: protocol buffers, by the published field numbers.</summary>
internal sealed class PerfettoTrace(Recording recording, Stream to)
{
    private const ulong ProcessTrack = 1;
    private const ulong LoopTrack = 2;
    private const ulong ReadyTrack = 3;
    private const ulong FirstTask = 100;
    private const uint Sequence = 1;

    private readonly MemoryStream packet = new();
    private readonly MemoryStream inner = new();
    private ulong flows;

    internal void Write()
    {
        Track(ProcessTrack, null, $"loop '{recording.LoopName}'", isProcess: true);
        Track(LoopTrack, ProcessTrack, "callbacks and sleep");
        Track(ReadyTrack, ProcessTrack, "ready tasks", isCounter: true);
        foreach (int task in recording.Tasks.Order())
        {
            Track(TrackOf(task), ProcessTrack, $"{recording.NameOf(task)} #{task}");
        }

        // Begins and ends in the order of their times, nested on each track.
        var ends = new PriorityQueue<(ulong Track, TimeSpan At), (TimeSpan At, int Latest)>();
        var woken = WakesAtSteps();
        int number = 0;
        var isReady = new HashSet<int>();      // a new task is; an eager one until its step, which comes at once
        foreach (var one in recording.Events)
        {
            EndUntil(ends, one.Time);
            number++;
            switch (one.Kind)
            {
                case RecordedEventKind.Step:
                    if (isReady.Remove(one.Task))
                    {
                        Counter(one.Time, isReady.Count);
                    }

                    Event(one.Time, TrackOf(one.Task), Slice.Begin, one.Task == 0 ? "callback" : "step", woken.Ends.GetValueOrDefault(number), ends: true);
                    ends.Enqueue((TrackOf(one.Task), one.Time + one.Duration), (one.Time + one.Duration, -number));
                    break;
                case RecordedEventKind.Idle:
                    Event(one.Time, LoopTrack, Slice.Begin, "idle", null);
                    ends.Enqueue((LoopTrack, one.Time + one.Duration), (one.Time + one.Duration, -number));
                    break;
                case RecordedEventKind.Wake:
                    if (isReady.Add(one.Task))
                    {
                        Counter(one.Time, isReady.Count);
                    }

                    Event(one.Time, TrackOf(one.Other), Slice.Instant, "wake", woken.Begins.TryGetValue(number, out ulong flow) ? [flow] : null);
                    break;
                default:
                    if (one.Kind == RecordedEventKind.TaskCreated ? isReady.Add(one.Task) : one.Kind == RecordedEventKind.TaskEnded && isReady.Remove(one.Task))
                    {
                        Counter(one.Time, isReady.Count);
                    }

                    Event(one.Time, TrackOf(one.Task), Slice.Instant, one.Kind switch
                    {
                        RecordedEventKind.Mark => recording.Labels.GetValueOrDefault(one.Other, "mark"),
                        RecordedEventKind.TaskCreated => "created",
                        RecordedEventKind.TaskEnded => "ended",
                        _ => "stall",
                    }, null);
                    break;
            }
        }

        EndUntil(ends, TimeSpan.MaxValue);
    }

    // An arrow leads from a wake-up to the task's next step: both must be there.
    private (Dictionary<int, ulong> Begins, Dictionary<int, List<ulong>> Ends) WakesAtSteps()
    {
        var begins = new Dictionary<int, ulong>();
        var ends = new Dictionary<int, List<ulong>>();
        var open = new Dictionary<int, List<int>>();
        int number = 0;
        foreach (var one in recording.Events)
        {
            number++;
            if (one.Kind == RecordedEventKind.Wake)
            {
                if (!open.TryGetValue(one.Task, out var wakes))
                {
                    open[one.Task] = wakes = [];
                }

                wakes.Add(number);
            }
            else if (one.Kind == RecordedEventKind.Step && one.Task != 0 && open.Remove(one.Task, out var wakes))
            {
                var arrows = new List<ulong>();
                foreach (int wake in wakes)
                {
                    begins[wake] = ++flows;
                    arrows.Add(flows);
                }

                ends[number] = arrows;
            }
        }

        return (begins, ends);
    }

    private void EndUntil(PriorityQueue<(ulong Track, TimeSpan At), (TimeSpan At, int Latest)> ends, TimeSpan time)
    {
        while (ends.TryPeek(out var end, out _) && end.At <= time)
        {
            ends.Dequeue();
            Event(end.At, end.Track, Slice.End, null, null);
        }
    }

    private static ulong TrackOf(int task) => task == 0 ? LoopTrack : FirstTask + (uint)task;

    private enum Slice
    {
        Begin = 1,
        End = 2,
        Instant = 3,
    }

    // TracePacket.track_descriptor = 60: uuid 1, name 2, process 3 { pid 1, process_name 6 }, parent_uuid 5, counter 8.
    private void Track(ulong id, ulong? parent, string name, bool isProcess = false, bool isCounter = false)
    {
        Number(inner, 1, id);
        Text(inner, 2, name);
        if (isProcess)
        {
            var process = new MemoryStream();
            Number(process, 1, 1);
            Text(process, 6, name);
            Bytes(inner, 3, process);
        }

        if (parent is { } above)
        {
            Number(inner, 5, above);
        }

        if (isCounter)
        {
            Bytes(inner, 8, new MemoryStream());
        }

        Bytes(packet, 60, inner);
        Number(packet, 10, Sequence);
        Flush();
    }

    // TracePacket: timestamp 8, trusted_packet_sequence_id 10, track_event 11 { type 9, track_uuid 11, categories
    // 22, name 23, counter_value 30, flow_ids 47, terminating_flow_ids 48 }.
    private void Event(TimeSpan time, ulong track, Slice type, string? name, List<ulong>? arrows, bool ends = false)
    {
        Number(inner, 9, (ulong)type);
        Number(inner, 11, track);
        if (name is not null)
        {
            Text(inner, 22, "eventloop");
            Text(inner, 23, name);
        }

        foreach (ulong arrow in arrows ?? [])
        {
            Fixed(inner, ends ? 48 : 47, arrow);
        }

        Packet(time);
    }

    private void Counter(TimeSpan time, int value)
    {
        Number(inner, 9, 4);
        Number(inner, 11, ReadyTrack);
        Number(inner, 30, (ulong)value);
        Packet(time);
    }

    private void Packet(TimeSpan time)
    {
        Number(packet, 8, (ulong)time.Ticks * 100);
        Number(packet, 10, Sequence);
        Bytes(packet, 11, inner);
        Flush();
    }

    private void Flush()
    {
        Varint(to, (1 << 3) | 2);
        Varint(to, (ulong)packet.Length);
        packet.WriteTo(to);
        packet.SetLength(0);
    }

    private static void Number(Stream stream, int field, ulong value)
    {
        Varint(stream, (ulong)(field << 3));
        Varint(stream, value);
    }

    private static void Fixed(Stream stream, int field, ulong value)
    {
        Varint(stream, (ulong)((field << 3) | 1));
        Span<byte> bytes = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void Text(Stream stream, int field, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(JsonValues.Valid(text));
        Varint(stream, (ulong)((field << 3) | 2));
        Varint(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void Bytes(Stream stream, int field, MemoryStream content)
    {
        Varint(stream, (ulong)((field << 3) | 2));
        Varint(stream, (ulong)content.Length);
        content.WriteTo(stream);
        content.SetLength(0);
    }

    private static void Varint(Stream stream, ulong value)
    {
        while (value >= 0x80)
        {
            stream.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        stream.WriteByte((byte)value);
    }
}
