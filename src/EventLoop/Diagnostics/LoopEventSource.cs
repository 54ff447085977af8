using System.Diagnostics.Tracing;

namespace EventLoop.Diagnostics;

/// <summary>
/// How a tool inspects an unprepared process: whoever may open the runtime's diagnostics port enables this source with a request, and receives the response in
/// blocks. The process listens on nothing of its own, and nothing here changes what it does except the recorder, which is switched on while somebody records.
/// </summary>
/// <remarks>
/// Arguments: <c>do</c> = ps, bunches, dump, ended, record, every; <c>id</c>, which each event of the response carries; <c>v</c>; <c>loop</c> (a name or
/// number), <c>most</c>, <c>filter</c>, <c>ms</c>, <c>capacity</c>; of a text with a quotation mark, which the way does not let through, <c>loop%</c> or
/// <c>filter%</c> has the whole, percent-encoded. A request only starts a thread. The runtime sends what is in its buffers when a further
/// event comes, so a response is followed by beats until the session ends.
/// <para>
/// Keywords belong to the source, not to a session: what one session has switched on stays on until the last session ends, and of the end of another than the
/// last the runtime tells only that there was one, not which. So a tool ends its stream by a second request, <c>do</c> = stop with the stream's id, and says
/// <c>do</c> = stay now and then; a stream whose tool has said nothing for <c>patience</c> milliseconds after a session ended is over.
/// </para>
/// </remarks>
[EventSource(Name = LoopTelemetry.EventSource)]
internal sealed class LoopEventSource : EventSource
{
    internal const int Version = 1;

    private static int started;      // any thread, interlocked

    private LoopEventSource()
    {
    }

    /// <summary>Called with the first loop, in the background: making the source costs some milliseconds.</summary>
    internal static void Start()
    {
        if (Interlocked.Exchange(ref started, 1) != 0)
        {
            return;
        }

        if (Environment.GetEnvironmentVariable("EVENTLOOP_QUIT") is "1" or "true")
        {
            FromTheStart = LoopDiagnostics.PrintOnQuit();
        }

        new Thread(static () => Instance = new LoopEventSource()) { IsBackground = true, Name = "EventLoop event source" }.UnsafeStart();
    }

    /// <summary>Behind the name of an argument: its value is percent-encoded.</summary>
    internal const char IsEncoded = '%';

    /// <summary>Kept from the collector.</summary>
    internal static LoopEventSource? Instance { get; private set; }

    internal static IDisposable? FromTheStart { get; private set; }

    /// <summary>The keywords that enable the events.</summary>
    public static class Keywords
    {
        /// <summary>A single response.</summary>
        public const EventKeywords Request = (EventKeywords)1;

        /// <summary>A response that continues until the session ends.</summary>
        public const EventKeywords Stream = (EventKeywords)2;
    }

    /// <summary>A block of the response.</summary>
    [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Request | Keywords.Stream)]
    public void Chunk(string id, int v, int sequence, string kind, byte[] data) => WriteEvent(1, id, v, sequence, kind, data);

    /// <summary>The response is complete.</summary>
    [Event(2, Level = EventLevel.Informational, Keywords = Keywords.Request | Keywords.Stream)]
    public void End(string id, int v, int chunks, string problem, int milliseconds) => WriteEvent(2, id, v, chunks, problem, milliseconds);

    /// <summary>Only a sign of life.</summary>
    [Event(3, Level = EventLevel.Informational, Keywords = Keywords.Request | Keywords.Stream)]
    public void Beat(string id) => WriteEvent(3, id);

    /// <inheritdoc/>
    protected override void OnEventCommand(EventCommandEventArgs command)
    {
        if (command.Command is not (EventCommand.Enable or EventCommand.Update) || command.Arguments is not { } arguments
            || !arguments.TryGetValue("do", out string? what) || what is null
            || !arguments.TryGetValue("id", out string? id) || id is null)
        {
            LoopRequest.Doubt(isEnd: command.Command == EventCommand.Disable, isLast: !IsEnabled());
            return;
        }

        if (what is "stop" or "stay")
        {
            LoopRequest.Tell(id, arguments.TryGetValue("word", out string? word) ? word : null, isOver: what == "stop");
            return;
        }

        var request = new LoopRequest(this, what, id, new Dictionary<string, string?>(arguments));
        if (request.IsNew())
        {
            new Thread(request.Answer) { IsBackground = true, Name = "EventLoop answer" }.UnsafeStart();
        }
    }

    [NonEvent]
    internal bool IsWanted(bool isStream) => IsEnabled(EventLevel.Informational, isStream ? Keywords.Stream : Keywords.Request | Keywords.Stream);
}
