namespace EventLoop.Diagnostics;

/// <summary>The names of the meter and the event source, for collectors.</summary>
public static class LoopTelemetry
{
    /// <summary>The meter, for OpenTelemetry and dotnet-counters: <c>eventloop.*</c>, each with the tag <see cref="NameTag"/>. Loops with the same name are
    /// added up, and the counts of closed ones remain.</summary>
    public const string Meter = "EventLoop";

    /// <summary><see cref="Loop.Name"/>. Of closed loops that nobody has named, and of those of more than a thousand names, it is "closed"; in the histograms
    /// that of all loops without a name, and of those of more than a thousand names, is "others".</summary>
    public const string NameTag = "eventloop.name";

    /// <summary>The event that a stall adds to the <see cref="System.Diagnostics.Activity"/> in which the step hangs, when it passes the limit and when it is
    /// over: needs a <see cref="LoopDiagnostics.StallLimit"/>.</summary>
    public const string StallEvent = "eventloop.stall";

    /// <summary>The event source, for the tool and dotnet-trace.</summary>
    public const string EventSource = "EventLoop";
}
