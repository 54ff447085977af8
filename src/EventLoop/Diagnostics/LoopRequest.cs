using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using EventLoop.Tasks;

namespace EventLoop.Diagnostics;

/// <summary>One request of a tool. On a thread of its own.</summary>
internal sealed class LoopRequest(LoopEventSource source, string what, string id, Dictionary<string, string?> arguments)
{
    private const int LongestBeats = 2000;      // milliseconds
    private const int BeatPeriod = 25;
    private const int StreamPeriod = 100;
    private const int BusyStreamPeriod = 5;
    private const int LongestSilence = 60_000;

    private static readonly Lock Gate = new();      // around Asked: requests come on any thread
    private static readonly Queue<string> Asked = [];      // a session that is changed asks again

    private static readonly Dictionary<string, LoopRequest> Streams = [];      // those under way
    private static int shortSessions;      // those that have begun and, by the count, not ended

    private int chunks;
    private volatile bool isOver;      // its tool has said so
    private long doubtSince;      // a timestamp; 0: none has ended since its tool was heard

    /// <summary>A session ended, perhaps the one of a stream whose tool could not say so, or a foreign one began. Any thread.</summary>
    /// <param name="isEnd">Whether one ended.</param>
    /// <param name="isLast">Whether no other remains.</param>
    internal static void Doubt(bool isEnd, bool isLast)
    {
        lock (Gate)
        {
            if (isLast)
            {
                shortSessions = 0;
            }
            else if (isEnd && shortSessions > 0)
            {
                shortSessions--;      // one of those through which tools speak: whichever it was, as many ends will come as there are sessions
                return;
            }

            long now = Stopwatch.GetTimestamp();
            foreach (var stream in Streams.Values)
            {
                Interlocked.CompareExchange(ref stream.doubtSince, now, 0);
            }
        }
    }

    /// <summary>The tool of a stream speaks. Any thread.</summary>
    /// <param name="id">The stream's.</param>
    /// <param name="isOver">Whether it wants no more of it; otherwise it is still there.</param>
    internal static void Tell(string id, bool isOver)
    {
        lock (Gate)
        {
            shortSessions++;
            if (Streams.TryGetValue(id, out var stream))
            {
                Volatile.Write(ref stream.doubtSince, 0);
                stream.isOver |= isOver;
            }
        }
    }

    private bool GoesOn()
    {
        long since = Volatile.Read(ref doubtSince);
        return !isOver && source.IsWanted(isStream: true)
            && (since == 0 || Stopwatch.GetElapsedTime(since).TotalMilliseconds < Math.Max(100, Number("patience", LongestSilence)));
    }

    internal void Answer()
    {
        long then = Stopwatch.GetTimestamp();
        string problem = "";
        Send("begin", []);      // acknowledged: what follows may take a while
        try
        {
            switch (what)
            {
                case "ps":
                    Snapshots(Number("most", 10_000));
                    break;
                case "bunches":
                    Snapshots(0);
                    break;
                case "dump":
                    foreach (var loop in Loops())
                    {
                        using var to = new ChunkStream(this, "dump");
                        DumpFile.Write(loop, to);
                    }

                    break;
                case "ended":
                    foreach (var loop in Loops())
                    {
                        using var to = new ChunkStream(this, "ended");
                        using var json = new Utf8JsonWriter(to, SnapshotJson.Options);
                        DumpFile.WriteEnded(loop.Diagnostics.EndedTasks, json);
                    }

                    break;
                case "every":
                    Every();
                    break;
                case "record":
                    Record();
                    break;
                default:
                    problem = "unknown";
                    break;
            }
        }
        catch (Exception failure)
        {
            problem = Scheduling.FailureText.Of(failure);      // the tool need not know about the program's own failures
        }

        lock (Gate)
        {
            Streams.Remove(id);
        }

        source.End(id, LoopEventSource.Version, chunks, problem, (int)Stopwatch.GetElapsedTime(then).TotalMilliseconds);
        for (int beat = 0; beat < LongestBeats / BeatPeriod && source.IsWanted(isStream: false); beat++)
        {
            source.Beat(id);
            Thread.Sleep(BeatPeriod);
        }
    }

    /// <summary>Whether it was not asked before; it counts as asked from then on. A stream can be stopped from then on.</summary>
    internal bool IsNew()
    {
        const int most = 100;
        lock (Gate)
        {
            if (Asked.Contains(id))
            {
                return false;
            }

            Asked.Enqueue(id);
            if (what is "every" or "record")
            {
                Streams[id] = this;
            }

            if (Asked.Count > most)
            {
                Asked.Dequeue();
            }

            return true;
        }
    }

    private int Number(string name, int otherwise) =>
        arguments.TryGetValue(name, out string? text) && int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) ? number
        : otherwise;

    // The loop with that name or number, or all.
    private List<Loop> Loops()
    {
        string? asked = arguments.GetValueOrDefault("loop");
        return [.. Loop.All.Where(loop => asked is null or "" || loop.Name == asked || loop.Id.ToString(CultureInfo.InvariantCulture) == asked)];
    }

    private void Snapshots(int most, Func<Loop, LoopDelay?>? delayOf = null)
    {
        foreach (var loop in Loops())
        {
            if (!source.IsWanted(isStream: false))
            {
                return;
            }

            using var to = new ChunkStream(this, "snapshot");
            SnapshotReader.Write(loop, new SnapshotOptions { MostTasks = Math.Max(0, most), Filter = arguments.GetValueOrDefault("filter") }, to,
                delayOf?.Invoke(loop));
        }
    }

    private void Every()
    {
        int period = Math.Clamp(Number("ms", 1000), 50, 60_000);
        int most = Number("most", 200);
        using var delays = new DelayMeters();
        while (GoesOn())
        {
            Snapshots(most, delays.Read);
            Send("round", []);
            delays.Forget();
            for (int waited = 0; waited < period && GoesOn(); waited += BeatPeriod)
            {
                Thread.Sleep(BeatPeriod);
                source.Beat(id);
            }
        }
    }

    // The recorder of the first matching loop; it is switched off again unless the program had it on.
    private void Record()
    {
        if (Loops() is not [var loop, ..] loops)
        {
            return;
        }

        var recorder = loop.Diagnostics.Recorder;
        bool wasOn = recorder.IsOn;
        if (!wasOn)
        {
            recorder.Start(Math.Clamp(Number("capacity", 1 << 20), 1, 1 << 24));
        }

        try
        {
            Stream(loop, loops.Count, recorder);
        }
        finally
        {
            if (!wasOn)
            {
                recorder.Stop();
            }
        }
    }

    private void Stream(Loop loop, int candidates, LoopRecorder recorder)
    {
        var instrument = recorder.Instrument!;
        var ring = instrument.Ring;
        long next = ring.Written;
        long sentRecords = 0;
        long lost = 0;
        var known = new HashSet<int>();
        ulong[] block = new ulong[RecordsInChunk * 2];
        bool goesOn = true;
        while (goesOn)
        {
            goesOn = GoesOn();
            long before = next;
            for (int chunk = 0; chunk < MostChunksAtOnce; chunk++)
            {
                var records = ring.CopyTo(block, ref next, ref lost, withRunning: !goesOn);
                if (records.Length == 0)
                {
                    break;
                }

                sentRecords += records.Length / 2;
                Send("records", MemoryMarshal.AsBytes(records).ToArray());
            }

            if (!goesOn && instrument.Running(next) is var (kind, time, task, other))
            {
                ulong[] running = [((ulong)time << 8) | kind, ((ulong)(uint)task << 32) | other];
                sentRecords++;
                Send("records", MemoryMarshal.AsBytes(running.AsSpan()).ToArray());
            }

            ring.CopyNames(out var names, out var labels);
            foreach (var living in loop.Core.Tasks.Walk().InOrder())
            {
                if (!known.Contains(living.Id))
                {
                    names.TryAdd(living.Id, living.Name);
                }
            }

            SendNames(loop.Name, candidates, names.Where(name => known.Add(name.Key)), labels, sentRecords, lost);
            Thread.Sleep(next - before > ring.Capacity / 32 ? BusyStreamPeriod : StreamPeriod);      // a busy loop fills the ring in a tenth of a second
        }
    }

    private const int RecordsInChunk = 3500;
    private const int MostChunksAtOnce = 100;      // a busy loop produces them faster than they are sent: how many were lost is reported meanwhile

    private void SendNames(string loop, int candidates, IEnumerable<KeyValuePair<int, string>> names, Dictionary<int, string> labels, long sent, long lost)
    {
        using var to = new ChunkStream(this, "names");
        using var json = new Utf8JsonWriter(to, SnapshotJson.Options);
        json.WriteStartObject();
        json.WriteText("loop", Scheduling.ResourceNames.Cut(loop));
        json.WriteNumber("loops", candidates);      // it is the first of so many
        json.WriteNumber("sent", sent);
        json.WriteNumber("lost", lost);
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

    private void Send(string kind, byte[] data)
    {
        if (source.IsWanted(isStream: false))
        {
            source.Chunk(id, LoopEventSource.Version, chunks++, kind, data);
        }
    }

    /// <summary>Splits what is written into blocks that fit into an event. The last block of a text has another kind than those before it.</summary>
    private sealed class ChunkStream(LoopRequest request, string kind) : Stream
    {
        private const int Most = 60_000;

        private readonly byte[] block = new byte[Most];
        private int length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
            // In blocks.
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                if (length == Most)
                {
                    request.Send(kind + "+", block);
                    length = 0;
                }

                int now = Math.Min(bytes.Length, Most - length);
                bytes[..now].CopyTo(block.AsSpan(length));
                length += now;
                bytes = bytes[now..];
            }
        }

        protected override void Dispose(bool disposing)
        {
            request.Send(kind, block[..length]);
            base.Dispose(disposing);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
