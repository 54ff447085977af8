using System.Diagnostics.Tracing;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Target;

/// <summary>Answers as the library of another version would: "newer" with what this one cannot read, "older"
/// that it does not know the question, "exits" by ending in the middle, "leaves" by ending as soon as it has answered.</summary>
[EventSource(Name = LoopTelemetry.EventSource)]
internal sealed class OtherSource(string way) : EventSource
{
    private static readonly TimeSpan BeatPeriod = TimeSpan.FromMilliseconds(50);

    internal static void Run(string way)
    {
        GC.KeepAlive(typeof(Loop).Assembly.GetType("EventLoop.LoopTask"));      // the library is loaded, and has made no loop
        var source = new OtherSource(way);
        Console.WriteLine("ready");
        Thread.Sleep(Work.Life);
        GC.KeepAlive(source);
    }

    public static class Keywords
    {
        public const EventKeywords Request = (EventKeywords)1;
        public const EventKeywords Stream = (EventKeywords)2;
    }

    [Event(1, Level = EventLevel.Informational, Keywords = Keywords.Request | Keywords.Stream)]
    public void Chunk(string id, int v, int sequence, string kind, byte[] data) => WriteEvent(1, id, v, sequence, kind, data);

    [Event(2, Level = EventLevel.Informational, Keywords = Keywords.Request | Keywords.Stream)]
    public void End(string id, int v, int chunks, string problem, int milliseconds) => WriteEvent(2, id, v, chunks, problem, milliseconds);

    [Event(3, Level = EventLevel.Informational, Keywords = Keywords.Request | Keywords.Stream)]
    public void Beat(string id) => WriteEvent(3, id);

    protected override void OnEventCommand(EventCommandEventArgs command)
    {
        if (command.Arguments is { } arguments && arguments.TryGetValue("id", out string? id) && id is not null)
        {
            string kind = arguments.TryGetValue("do", out string? what) && what == "dump" ? "dump" : "snapshot";
            new Thread(() => Answer(id, kind)) { IsBackground = true }.Start();
        }
    }

    private void Answer(string id, string kind)
    {
        Chunk(id, 1, 0, "begin", []);
        switch (way)
        {
            case "newer":
                Chunk(id, 99, 1, "snapshot", "{\"v\":99,\"everything\":\"is different\"}"u8.ToArray());
                End(id, 99, 2, "", 1);
                break;
            case "older":
                End(id, 1, 1, "unknown", 1);
                break;
            case "leaves":
                const string snapshot = "{\"v\":1,\"loopId\":1,\"loopName\":\"short\",\"tasks\":[]}";
                Chunk(id, 1, 1, kind, System.Text.Encoding.UTF8.GetBytes(kind == "dump" ? "{\"v\":1,\"kind\":\"dump\"}\n" + snapshot + "\n" : snapshot));
                End(id, 1, 2, "", 1);
                break;
            default:
                Chunk(id, 1, 1, "snapshot+", "{\"v\":1,\"loopId\":1,"u8.ToArray());
                Thread.Sleep(500);
                Environment.Exit(0);
                break;
        }

        while (IsEnabled())
        {
            Beat(id);
            Thread.Sleep(BeatPeriod);
        }

        if (way == "leaves")
        {
            Environment.Exit(0);
        }
    }
}
