using System.Diagnostics;

namespace EventLoop.Diagnostics;

/// <summary>Tells the <see cref="Activity"/> in which a step hangs of the stall, so that a trace shows where the
/// request stood still. The watching thread's.</summary>
internal readonly struct StallActivity
{
    private readonly Activity? activity;

    private StallActivity(Activity? activity) => this.activity = activity;

    /// <param name="loop">Whose step it is.</param>
    /// <param name="step">By its number: once another one runs, what flows is of no use.</param>
    internal static StallActivity Of(Loop loop, long step)
    {
        var flow = loop.Core.ThreadContexts.FlowSeenFromOutside();
        if (flow is null)
        {
            return default;
        }

        Activity? found = null;
        ExecutionContext.Run(flow, _ => found = Activity.Current, null);
        return loop.Core.Steps == step ? new StallActivity(found) : default;
    }

    internal void Add(StallReport report)
    {
        if (activity is null or { IsStopped: true } or { IsAllDataRequested: false })
        {
            return;
        }

        var tags = new ActivityTagsCollection
        {
            [LoopTelemetry.NameTag] = report.Loop.Name,
            ["eventloop.stall.who"] = report.Who,
            ["eventloop.stall.duration"] = report.Duration.TotalSeconds,
            ["eventloop.stall.over"] = report.IsOver,
            ["eventloop.stall.collector"] = report.Collector.TotalSeconds,
        };
        if (report is { Processor: { } processor, WaitedForProcessor: { } waited })
        {
            tags["eventloop.stall.processor"] = processor.TotalSeconds;
            tags["eventloop.stall.waited"] = waited.TotalSeconds;
        }

        activity.AddEvent(new ActivityEvent(LoopTelemetry.StallEvent, tags: tags));
    }
}
