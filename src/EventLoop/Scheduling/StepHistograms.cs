using System.Diagnostics.Metrics;

namespace EventLoop.Scheduling;

/// <summary>The histograms of the meter: steps are measured only while somebody listens, which each loop asks at its looks at the clock.</summary>
internal static class StepHistograms
{
    internal static readonly Meter Meter = new(Diagnostics.LoopTelemetry.Meter);
    internal static readonly Histogram<double> StepDuration = Meter.CreateHistogram<double>("eventloop.step.duration", "s", "How long steps take.");
    internal static readonly Histogram<double> ReadyDelay = Meter.CreateHistogram<double>("eventloop.ready.delay", "s", "How long tasks wait between their wake-up and their step.");

    internal static bool IsHeard => StepDuration.Enabled || ReadyDelay.Enabled;
}
