using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Web;

/// <summary>A recording in as many columns as a page is wide: which task was in a step when. However long it is, a piece of it is told in a bounded
/// text; a shorter piece shows more.</summary>
internal sealed class Timeline(Recording recording, long lost)
{
    internal const int Columns = 600;

    private const int MostTracks = 40;
    private const int MostMarks = 200;
    private const int LongestSteps = 10;

    private sealed class Track(int task)
    {
        internal readonly int Task = task;
        internal long Steps;
        internal TimeSpan Run;
        internal TimeSpan Longest;

        // Only those that are shown need them, and there may be hundreds of thousands.
        internal double[] Cells => field ??= new double[Columns];
    }

    /// <param name="from">Loop time; null: from the beginning.</param>
    /// <param name="to">Null: to the end.</param>
    internal byte[] ToJson(TimeSpan? from = null, TimeSpan? to = null)
    {
        var begin = Clamp(from ?? recording.From);
        var end = Clamp(to ?? recording.To);
        if (end <= begin)
        {
            (begin, end) = (recording.From, recording.To);
        }

        var all = new Dictionary<int, Track>();
        var steps = new PriorityQueue<RecordedEvent, TimeSpan>();
        long records = 0;
        foreach (var one in recording.Events)
        {
            if (one.Time > end)
            {
                break;      // they stand where they began
            }

            if (one.Time + one.Duration < begin)
            {
                continue;
            }

            records++;
            if (one.Kind == RecordedEventKind.Step)
            {
                Count(all, one, begin, end);
                steps.Enqueue(one, one.Duration);
                if (steps.Count > LongestSteps)
                {
                    steps.Dequeue();
                }
            }
        }

        // Those that did most have a track of their own, the others share one.
        var listed = all.Values.OrderByDescending(static track => track.Run).ThenBy(static track => track.Task).Take(MostTracks).ToDictionary(
            static track => track.Task);
        var others = new Track(-1);
        foreach (var track in all.Values)
        {
            if (!listed.ContainsKey(track.Task))
            {
                others.Steps += track.Steps;
                others.Run += track.Run;
                others.Longest = track.Longest > others.Longest ? track.Longest : others.Longest;
            }
        }

        var busy = new double[Columns];
        foreach (var one in recording.Events)
        {
            if (one.Time > end)
            {
                break;
            }

            if (one.Kind == RecordedEventKind.Step)
            {
                Fill(listed.GetValueOrDefault(one.Task, others).Cells, one, begin, end);
                Fill(busy, one, begin, end);
            }
        }

        return Write(begin, end, records, busy, [.. listed.Values.OrderByDescending(static track => track.Run)], others, all.Count, steps);
    }

    private TimeSpan Clamp(TimeSpan time) => time < recording.From ? recording.From : time > recording.To ? recording.To : time;

    private static void Count(Dictionary<int, Track> all, RecordedEvent step, TimeSpan begin, TimeSpan end)
    {
        if (!all.TryGetValue(step.Task, out var track))
        {
            all[step.Task] = track = new Track(step.Task);
        }

        var (from, to) = Within(step, begin, end);
        track.Steps++;
        track.Run += to > from ? to - from : TimeSpan.Zero;
        track.Longest = step.Duration > track.Longest ? step.Duration : track.Longest;
    }

    private static (TimeSpan From, TimeSpan To) Within(RecordedEvent one, TimeSpan begin, TimeSpan end)
    {
        var last = one.Time + one.Duration;
        return (one.Time > begin ? one.Time : begin, last < end ? last : end);
    }

    private static void Fill(double[] cells, RecordedEvent step, TimeSpan begin, TimeSpan end)
    {
        var (from, to) = Within(step, begin, end);
        if (to < from || end <= begin)
        {
            return;
        }

        double column = (end - begin).Ticks / (double)Columns;
        double first = (from - begin).Ticks / column;
        double last = (to - begin).Ticks / column;
        int at = Math.Min(Columns - 1, (int)first);
        cells[at] += 1e-6;      // a step too short to measure is a step nevertheless
        for (; at < Columns && at < last; at++)
        {
            cells[at] += Math.Min(at + 1, last) - Math.Max(at, first);
        }
    }

    private byte[] Write(TimeSpan begin, TimeSpan end, long records, double[] busy, List<Track> tracks, Track others, int tasks,
        PriorityQueue<RecordedEvent, TimeSpan> steps)
    {
        var to = new MemoryStream();
        using (var json = new Utf8JsonWriter(to))
        {
            json.WriteStartObject();
            json.WriteTime("first", recording.From);
            json.WriteTime("last", recording.To);
            json.WriteTime("from", begin);
            json.WriteTime("to", end);
            json.WriteNumber("all", recording.Events.Count);
            json.WriteNumber("records", records);
            json.WriteNumber("lost", lost);
            WriteCells(json, "busy", busy);
            json.WriteStartArray("tracks");
            foreach (var track in tracks)
            {
                WriteTrack(json, track, NameOf(track.Task));
            }

            if (others.Steps > 0)
            {
                WriteTrack(json, others, $"{tasks - tracks.Count} others");
            }

            json.WriteEndArray();
            var longest = new List<RecordedEvent>();
            while (steps.TryDequeue(out var step, out _))
            {
                longest.Add(step);
            }

            longest.Reverse();
            json.WriteObjects("longest", longest, (json, step) => WriteEvent(json, step, NameOf(step.Task)));
            json.WriteObjects("stalls", Within(RecordedEventKind.Stall, begin, end), (json, stall) => WriteEvent(json, stall, NameOf(stall.Task)));
            json.WriteObjects("marks", Within(RecordedEventKind.Mark, begin, end), (json, mark) =>
                WriteEvent(json, mark, recording.Labels.GetValueOrDefault(mark.Other) ?? "mark"));
            json.WriteEndObject();
        }

        return to.ToArray();
    }

    private List<RecordedEvent> Within(RecordedEventKind kind, TimeSpan begin, TimeSpan end) =>
        [.. recording.Events.Where(one => one.Kind == kind && one.Time <= end && one.Time + one.Duration >= begin).Take(MostMarks)];

    private string NameOf(int task) => task == 0 ? "callbacks" : recording.NameOf(task);

    private static void WriteTrack(Utf8JsonWriter json, Track track, string name)
    {
        json.WriteStartObject();
        json.WriteNumber("task", track.Task);
        json.WriteText("name", name);
        json.WriteNumber("steps", track.Steps);
        json.WriteTime("run", track.Run);
        json.WriteTime("longest", track.Longest);
        WriteCells(json, "cells", track.Cells);
        json.WriteEndObject();
    }

    // In hundredths; what is more than nothing is at least one.
    private static void WriteCells(Utf8JsonWriter json, string name, double[] cells)
    {
        json.WriteStartArray(name);
        foreach (double cell in cells)
        {
            json.WriteNumberValue(cell <= 0 ? 0 : Math.Clamp((int)Math.Round(cell * 100), 1, 100));
        }

        json.WriteEndArray();
    }

    private static void WriteEvent(Utf8JsonWriter json, RecordedEvent one, string name)
    {
        json.WriteNumber("task", one.Task);
        json.WriteText("name", name);
        json.WriteTime("at", one.Time);
        json.WriteTime("duration", one.Duration);
    }
}
