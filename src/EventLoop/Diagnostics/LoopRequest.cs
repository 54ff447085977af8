using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EventLoop.Diagnostics;

/// <summary>One request of a tool. On a thread of its own.</summary>
internal sealed partial class LoopRequest(LoopEventSource source, string what, string id, Dictionary<string, string?> arguments)
{
    private const int LongestBeats = 2000;      // milliseconds
    private const int BeatPeriod = 25;
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
    /// <param name="word">Which of its words, because a session that is changed says it again; null: unknown.</param>
    internal static void Tell(string id, string? word, bool isOver)
    {
        lock (Gate)
        {
            if (word is not null && !NoteAsked(word))
            {
                return;
            }

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
        lock (Gate)
        {
            if (!NoteAsked(id))
            {
                return false;
            }

            if (what is "every" or "record")
            {
                Streams[id] = this;
            }

            return true;
        }
    }

    // Under the gate. False: it was noted before.
    private static bool NoteAsked(string what)
    {
        const int most = 100;
        if (Asked.Contains(what))
        {
            return false;
        }

        Asked.Enqueue(what);
        if (Asked.Count > most)
        {
            Asked.Dequeue();
        }

        return true;
    }

    private string? Text(string name) => arguments.TryGetValue(name + LoopEventSource.IsEncoded, out string? encoded) && encoded is not null
        ? Uri.UnescapeDataString(encoded)
        : arguments.GetValueOrDefault(name);

    private int Number(string name, int otherwise) =>
        arguments.TryGetValue(name, out string? text) && int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) ? number
        : otherwise;

    // The loop with that name or number, or all.
    private List<Loop> Loops()
    {
        string? asked = Text("loop");
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
            SnapshotReader.Write(loop, new SnapshotOptions { MostTasks = Math.Max(0, most), Filter = Text("filter") }, to,
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
