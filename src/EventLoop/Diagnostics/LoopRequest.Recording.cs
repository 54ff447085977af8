using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace EventLoop.Diagnostics;

/// <content>A recording that is sent while it is made.</content>
internal sealed partial class LoopRequest
{
    private const int StreamPeriod = 100;
    private const int BusyStreamPeriod = 5;
    private const int RecordsInChunk = 3500;
    private const int MostChunksAtOnce = 100;      // a busy loop produces them faster than they are sent: how many were lost is reported meanwhile

    // Of the first matching loop.
    private void Record()
    {
        if (Loops() is not [var loop, ..] loops)
        {
            return;
        }

        var recorder = loop.Diagnostics.Recorder;
        if (recorder.Borrow(Math.Clamp(Number("capacity", 1 << 20), 1, 1 << 24)) is not { } instrument)
        {
            return;
        }

        try
        {
            Stream(loop, loops.Count, instrument);
        }
        finally
        {
            recorder.Return(instrument);
        }
    }

    private void Stream(Loop loop, int candidates, RecorderInstrument instrument)
    {
        var ring = instrument.Ring;
        var names = new NamesToSend(loop, ring);
        long next = 0;
        long sentRecords = 0;
        long lost = 0;
        bool goesOn = true;
        while (goesOn)
        {
            goesOn = GoesOn();
            long before = next;
            SendRecords(ring, ref next, ref sentRecords, ref lost, isLast: !goesOn);
            if (!goesOn && instrument.Running(next) is var (kind, time, task, other))
            {
                ulong[] running = [((ulong)time << 8) | kind, ((ulong)(uint)task << 32) | other];
                sentRecords++;
                Send("records", MemoryMarshal.AsBytes(running.AsSpan()).ToArray());
            }

            long now = loop.IsRunning ? loop.Core.Clock.Now : ring.Latest;      // a step that runs has lasted until then
            var added = names.Take(out var labels);
            SendNames(loop.Name, candidates, added, labels, sentRecords, lost, TimeSpan.FromTicks(now));
            if (goesOn)
            {
                Thread.Sleep(next - before > ring.Capacity / 32 ? BusyStreamPeriod : StreamPeriod);      // a busy loop fills the ring in a tenth of a second
            }
        }
    }

    private void SendRecords(RecordRing ring, ref long next, ref long sentRecords, ref long lost, bool isLast)
    {
        ulong[] block = new ulong[RecordsInChunk * 2];
        for (int chunk = 0; chunk < MostChunksAtOnce; chunk++)
        {
            var records = ring.CopyTo(block, ref next, ref lost, withRunning: isLast);
            if (records.Length == 0)
            {
                break;
            }

            sentRecords += records.Length / 2;
            Send("records", MemoryMarshal.AsBytes(records).ToArray());
        }
    }

    private void SendNames(string loop, int candidates, Dictionary<int, string> names, Dictionary<int, string> labels, long sent, long lost, TimeSpan now)
    {
        using var to = new ChunkStream(this, "names");
        using var json = new Utf8JsonWriter(to, SnapshotJson.Options);
        json.WriteStartObject();
        json.WriteText("loop", Scheduling.ResourceNames.Cut(loop));
        json.WriteNumber("loops", candidates);      // it is the first of so many
        json.WriteNumber("sent", sent);
        json.WriteNumber("lost", lost);
        json.WriteTime("time", now);
        json.WriteStartObject("names");
        foreach (var (task, name) in names)
        {
            json.WriteText(task.ToString(CultureInfo.InvariantCulture), Scheduling.ResourceNames.Cut(name));
        }

        json.WriteEndObject();
        json.WriteStartObject("labels");
        foreach (var (number, label) in labels)
        {
            json.WriteText(number.ToString(CultureInfo.InvariantCulture), label);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
