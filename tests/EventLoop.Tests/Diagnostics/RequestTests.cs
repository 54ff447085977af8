using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

/// <summary>Streams of tools, asked for from inside the process: a listener is to the source what a tool's session is.</summary>
public sealed class RequestTests : LoopTest
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    [RealTime("requests are answered on threads of their own")]
    public void A_stream_whose_tool_is_silent_after_a_session_ended_is_over_and_one_whose_tool_speaks_goes_on() => RunLoop(async () =>
    {
        string silent = NewId(), speaking = NewId();
        using var first = new Listener();
        using var second = new Listener();
        first.Ask("every", silent, ("patience", "1000"), ("ms", "50"));
        second.Ask("every", speaking, ("patience", "1000"), ("ms", "50"));
        second.Wait(silent, LoopEvent.Beat);
        second.Wait(speaking, LoopEvent.Beat);
        Thread.Sleep(1500);
        second.Has(silent, LoopEvent.End).Should().BeFalse("no session has ended, so nobody need speak");

        using var third = new Listener();
        third.Ask("bunches", NewId());
        third.Leave();
        long began = Environment.TickCount64;
        while (!second.Has(silent, LoopEvent.End) && Environment.TickCount64 - began < Limit.TotalMilliseconds)
        {
            second.Ask("stay", speaking);
            Thread.Sleep(50);
        }

        second.Has(silent, LoopEvent.End).Should().BeTrue();
        second.Has(speaking, LoopEvent.End).Should().BeFalse();
        second.Ask("stop", speaking);
        second.Wait(speaking, LoopEvent.End);
        second.Leave();
        first.Leave();
        await Loop.Yield();
    });

    private static string NewId() => Guid.NewGuid().ToString("N");

    private enum LoopEvent
    {
        Chunk = 1,
        End = 2,
        Beat = 3,
    }

    private sealed class Listener : EventListener
    {
        private readonly ConcurrentDictionary<(string Id, LoopEvent Event), bool> heard = new();

        internal void Ask(string what, string id, params (string Name, string Value)[] more)
        {
            SpinWait.SpinUntil(static () => LoopEventSource.Instance is not null, Limit).Should().BeTrue();
            var arguments = more.ToDictionary(static one => one.Name, static string? (one) => one.Value);
            arguments["do"] = what;
            arguments["id"] = id;
            EnableEvents(LoopEventSource.Instance!, EventLevel.Informational, LoopEventSource.Keywords.Request | LoopEventSource.Keywords.Stream, arguments);
        }

        internal void Leave() => DisableEvents(LoopEventSource.Instance!);

        internal bool Has(string id, LoopEvent one) => heard.ContainsKey((id, one));

        internal void Wait(string id, LoopEvent one) => SpinWait.SpinUntil(() => Has(id, one), Limit).Should().BeTrue($"{one} comes");

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventSource is LoopEventSource && eventData.Payload is [string id, ..])
            {
                heard[(id, (LoopEvent)eventData.EventId)] = true;
            }
        }
    }
}
