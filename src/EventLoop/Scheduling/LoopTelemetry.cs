namespace EventLoop.Diagnostics;

/// <summary>The names of the meter and the event source, by which collectors subscribe.</summary>
public static class LoopTelemetry
{
    /// <summary>The meter, for OpenTelemetry and dotnet-counters: <c>eventloop.*</c>, each with the tag <see cref="NameTag"/>. Loops of one name are added
    /// together, and what closed ones have counted stays counted.</summary>
    public const string Meter = "EventLoop";

    /// <summary><see cref="Loop.Name"/>.</summary>
    public const string NameTag = "eventloop.name";

    /// <summary>The event that a stall adds to the <see cref="System.Diagnostics.Activity"/> in which the step hangs, when it passes the limit and when it is
    /// over: needs a <see cref="LoopDiagnostics.StallLimit"/>.</summary>
    public const string StallEvent = "eventloop.stall";

    /// <summary>The event source, for the tool and dotnet-trace.</summary>
    public const string EventSource = "EventLoop";
}
