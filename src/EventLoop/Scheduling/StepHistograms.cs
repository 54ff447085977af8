using System.Diagnostics.Metrics;

namespace EventLoop.Scheduling;

/// <summary>The histograms of the meter: steps are measured only while somebody listens, which each loop checks when it looks at the clock.</summary>
internal static class StepHistograms
{
    internal static readonly Meter Meter = new(Diagnostics.LoopTelemetry.Meter);
    internal static readonly Histogram<double> StepDuration = Make("eventloop.step.duration", "How long steps take.");
    internal static readonly Histogram<double> ReadyDelay = Make("eventloop.ready.delay", "How long tasks wait between their wake-up and their step.");

    // From a microsecond on: collectors use these as bucket boundaries unless they are configured otherwise.
    private static Histogram<double> Make(string name, string description) => Meter.CreateHistogram(
        name,
        "s",
        description,
        null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.000001, 0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
            1, 2.5, 5, 10] });

    internal static bool IsHeard => StepDuration.Enabled || ReadyDelay.Enabled;
}
