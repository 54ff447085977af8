using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Globalization;
using System.Text;
using EventLoop.Diagnostics;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace EventLoop.Tool.Targets;

/// <summary>One request to a process, and its response: through an event session of its own, which ends with it.</summary>
internal sealed class Question : IDisposable
{
    private const int BufferMegabytes = 256;
    private const int LargestText = 1 << 30;

    private static readonly TimeSpan StayPeriod = TimeSpan.FromSeconds(15);      // the target waits four times as long
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RestLimit = TimeSpan.FromSeconds(10);      // what is on its way is soon here, but for a crowded machine

    private readonly Target target;
    private readonly string id = Guid.NewGuid().ToString("N");
    private readonly EventPipeSession session;
    private readonly EventPipeEventSource events;
    private readonly Dictionary<string, MemoryStream> open = [];
    private readonly Action<string, byte[]> told;
    private readonly bool isStream;
    private readonly Lock telling = new();
    private long lastSign = Stopwatch.GetTimestamp();
    private volatile bool heard;
    private volatile bool ended;
    private volatile bool stopped;
    private volatile bool isTelling;
    private bool saidStop;
    private string problem = "";
    private ToolException? failure;

    private Question(Target target, string what, IReadOnlyDictionary<string, string> arguments, bool isStream, Action<string, byte[]> told)
    {
        this.target = target;
        this.told = told;
        this.isStream = isStream;
        var asked = Encoded(arguments);
        (asked["do"], asked["id"], asked["v"]) = (what, id, LoopEventSource.Version.ToString(CultureInfo.InvariantCulture));
        var provider = new EventPipeProvider(LoopTelemetry.EventSource, EventLevel.Informational, isStream ? 2 : 1, asked);
        session = target.Open(provider, requestRundown: false, BufferMegabytes);
        events = new EventPipeEventSource(session.EventStream);
        events.Dynamic.All += OnEvent;
    }

    // A quotation mark would end the value on its way, and begin another with what follows. An older library reads only the value without it, which names
    // nothing rather than everything.
    private static Dictionary<string, string> Encoded(IReadOnlyDictionary<string, string> arguments)
    {
        var encoded = new Dictionary<string, string>();
        foreach (var (name, value) in arguments)
        {
            encoded[name] = value.Replace('"', '?');
            if (value.Contains('"'))
            {
                encoded[name + LoopEventSource.IsEncoded] = Uri.EscapeDataString(value);
            }
        }

        return encoded;
    }

    /// <summary>Sends one request.</summary>
    /// <returns>The kind and the bytes of each part, in order.</returns>
    internal static List<(string Kind, byte[] Data)> Ask(Target target, string what, IReadOnlyDictionary<string, string> arguments, TimeSpan timeout)
    {
        var parts = new List<(string, byte[])>();
        using var question = Open(target, timeout, () => new Question(target, what, arguments, isStream: false, (kind, data) => parts.Add((kind, data))));
        question.Process(timeout, () => question.ended);

        return parts;
    }

    // A stopped process accepts the connection and says nothing, so opening the session has to be limited as well.
    private static Question Open(Target target, TimeSpan timeout, Func<Question> make)
    {
        var opening = Task.Factory.StartNew(make, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            return opening.Wait(timeout) ? opening.Result : throw target.Silent(timeout, heard: true);
        }
        catch (AggregateException failed) when (failed.InnerException is ToolException known)
        {
            throw new ToolException(known.Code, known.Message);
        }
    }

    /// <summary>Requests a response that continues until <paramref name="isEnough"/>, or until the process ends. <paramref name="withRest"/> includes what it
    /// still has to say when it is told to end.</summary>
    internal static void Stream(Target target, string what, IReadOnlyDictionary<string, string> arguments, TimeSpan timeout, Action<string, byte[]> told,
        Func<bool> isEnough, bool withRest = false)
    {
        using var question = Open(target, timeout, () => new Question(target, what, arguments, isStream: true, told));
        question.Process(timeout, isEnough, withRest);
    }

    // The reader blocks on the stream, so it has a thread; this one watches the time.
    private void Process(TimeSpan timeout, Func<bool> isEnough, bool withRest = false)
    {
        var reading = new Thread(() =>
        {
            try
            {
                events.Process();
            }
            catch (Exception broken)
            {
                if (broken is ToolException known)
                {
                    failure = known;
                }
                else if (!ended && !stopped)
                {
                    failure = target.BrokeOff("The answer", broken.Message);
                }
            }
        })
        { IsBackground = true };
        reading.Start();
        bool brokeOff = false;
        var noSource = TimeSpan.FromSeconds(Math.Min(6, timeout.TotalSeconds));
        long lastStay = Stopwatch.GetTimestamp();
        while (!ended && !isEnough())
        {
            if (isStream && Stopwatch.GetElapsedTime(lastStay) > StayPeriod)
            {
                lastStay = Stopwatch.GetTimestamp();
                Say("stay");
            }

            if (reading.Join(10))
            {
                brokeOff = true;
                break;
            }

            if (isTelling)
            {
                continue;       // who reads our output is slow, not the process
            }

            var silent = Stopwatch.GetElapsedTime(Volatile.Read(ref lastSign));
            if (silent > timeout || (!heard && silent > noSource && !target.IsStopped))
            {
                Stop();
                throw target.Silent(timeout, heard);
            }
        }

        if (withRest && !brokeOff)
        {
            AwaitRest(reading);
        }

        Stop();
        if (failure is not null)
        {
            throw failure;
        }

        if (!ended && !isStream)
        {
            throw target.Silent(timeout, heard);
        }

        if (problem.Length > 0)
        {
            throw new ToolException(
                ExitCode.NoAnswer,
                problem == "unknown"
                    ? $"The library in process {target.Id} is older than this tool and does not know the question: use the tool of its version."
                    : $"Process {target.Id} could not answer: {problem}");
        }

        if (isStream && (brokeOff ? target.EndsNow() : target.HasEnded))
        {
            throw new ToolException(ExitCode.TargetEnded, $"Process {target.Id} ended meanwhile.");
        }
    }

    private void AwaitRest(Thread reading)
    {
        if (ended || target.HasEnded || target.IsStopped)
        {
            return;
        }

        saidStop = true;
        Say("stop");
        long began = Stopwatch.GetTimestamp();
        while (!ended && Stopwatch.GetElapsedTime(began) < RestLimit && !reading.Join(10))
        {
        }
    }

    // What is being told is told to its end, and nothing after it. An orderly stop waits for the runtime's streaming thread; nobody waits for it here.
    private void Stop()
    {
        lock (telling)
        {
            stopped = true;
        }

        if (isStream && !ended && !saidStop && !target.HasEnded && !target.IsStopped)
        {
            Say("stop").Join(StopLimit);
        }

        var stopping = new Thread(() =>
        {
            try
            {
                session.Stop();
            }
            catch (Exception)
            {
                // It has ended, or does not respond.
            }
        })
        { IsBackground = true };
        stopping.Start();
        stopping.Join(500);
    }

    // The target cannot tell which session ends while others remain, so it is told, through one more that ends at once.
    private Thread Say(string what)
    {
        var asked = new Dictionary<string, string> { ["do"] = what, ["id"] = id, ["word"] = Guid.NewGuid().ToString("N") };
        var saying = new Thread(() =>
        {
            try
            {
                var provider = new EventPipeProvider(LoopTelemetry.EventSource, EventLevel.Informational, 1, asked);
                using var shortSession = target.Client.StartEventPipeSession([provider], requestRundown: false, circularBufferMB: 1);
                shortSession.Stop();
            }
            catch (Exception)
            {
                // It has ended, or does not respond: without a word for a while it ends the stream by itself.
            }
        })
        { IsBackground = true };
        saying.Start();
        return saying;
    }

    private void OnEvent(TraceEvent one)
    {
        if (one.ProviderName != LoopTelemetry.EventSource || stopped)
        {
            return;
        }

        byte[] payload = one.EventData();
        var rest = payload.AsSpan();
        if (!TryText(ref rest, out string? of) || of != id)
        {
            return;
        }

        heard = true;
        Volatile.Write(ref lastSign, Stopwatch.GetTimestamp());
        switch ((int)one.ID)
        {
            case 1:
                OnChunk(rest);
                break;
            case 2:
                if (rest.Length >= 8)
                {
                    rest = rest[8..];
                    problem = TryText(ref rest, out string? text) ? text! : "";
                }

                ended = true;
                break;
        }
    }

    private void OnChunk(Span<byte> rest)
    {
        if (rest.Length < 8)
        {
            return;
        }

        rest = rest[8..];
        if (!TryText(ref rest, out string? kind) || rest.Length < 4)
        {
            return;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(rest);
        if (length < 0 || length > rest.Length - 4)
        {
            return;
        }

        var data = rest.Slice(4, length);
        bool isPart = kind!.EndsWith('+');
        string name = isPart ? kind[..^1] : kind;
        if (isPart)
        {
            if (!open.TryGetValue(name, out var begun))
            {
                open[name] = begun = new MemoryStream();
            }

            if (begun.Length < LargestText)
            {
                begun.Write(data);
            }
        }
        else if (open.Remove(name, out var begun))
        {
            begun.Write(data);
            Tell(name, begun.ToArray());
        }
        else
        {
            Tell(name, data.ToArray());
        }
    }

    private void Tell(string kind, byte[] data)
    {
        lock (telling)
        {
            if (stopped)
            {
                return;
            }

            isTelling = true;
            try
            {
                told(kind, data);
            }
            catch (Exception broken)
            {
                failure = broken as ToolException
                    ?? (Program.IsClosedPipe(broken) ? new ToolException(ExitCode.Fine, "") : new ToolException(ExitCode.Usage, broken.Message));
                ended = true;
            }
            finally
            {
                Volatile.Write(ref lastSign, Stopwatch.GetTimestamp());
                isTelling = false;
            }
        }
    }

    // UTF-16 up to a zero.
    private static bool TryText(ref Span<byte> rest, out string? text)
    {
        for (int i = 0; i + 1 < rest.Length; i += 2)
        {
            if (rest[i] == 0 && rest[i + 1] == 0)
            {
                text = Encoding.Unicode.GetString(rest[..i]);
                rest = rest[(i + 2)..];
                return true;
            }
        }

        text = null;
        return false;
    }

    public void Dispose()
    {
        // The source would wait for its stream; both are closed with the session.
        session.Dispose();
    }
}
