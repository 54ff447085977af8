using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Counts steps and delays in powers of two while somebody listens to the histograms, and reports all of them when the loop looks at the clock, and
/// when a run ends: so no step is measured longer by the calls of the meter. Loop thread only.</summary>
internal sealed class StepMeasure(Loop loop) : Instrument
{
    internal const Hearing Needs =
        Hearing.StepBegins | Hearing.StepEnds | Hearing.Times | Hearing.Waits | Hearing.Looks | Hearing.Tasks | Hearing.Runs;

    private readonly KeyValuePair<string, object?> tag = new(LoopTelemetry.NameTag, LoopMetrics.HistogramNameOf(loop));
    private readonly Dictionary<int, long> wokenAt = [];
    private readonly Buckets steps = new();
    private readonly Buckets delays = new();
    private long moment = loop.Core.LookedAt;
    private bool hasFailed;      // a listener, which is told once

    internal override void OnStepBegin(LoopItem item, in HeardStep step)
    {
        if (step.Context?.Task is { } task && wokenAt.Remove(task.Id, out long then))
        {
            delays.Add(step.Began - then);
        }
    }

    internal override void OnStepEnd(in HeardStep step)
    {
        moment = step.Began + step.Duration;
        steps.Add(step.Duration);
    }

    internal override void OnWoken(LoopContext woken, LoopContext? by) => wokenAt[woken.Task!.Id] = moment;

    internal override void OnTaskEnded(LoopContext task) => wokenAt.Remove(task.Task!.Id);

    internal override void OnLook(long now)
    {
        moment = now;
        if (HandOn())
        {
            loop.Core.Instruments.Moment = moment = loop.Core.NoteLook(loop.Core.Clock.Now);      // the time that this took is no step's, and no stall
        }
    }

    internal override void OnRunEnd() => HandOn();

    // All of them, however many: what a turn leaves behind, the next one would not catch up with. It is no more than the steps since the last look.
    private bool HandOn()
    {
        try
        {
            bool any = steps.HandOn(StepHistograms.StepDuration, tag);
            return delays.HandOn(StepHistograms.ReadyDelay, tag) || any;
        }
        catch (Exception failure)
        {
            // Of a listener, which is called here; the loop is in the middle of its work.
            if (!hasFailed)
            {
                hasFailed = true;
                loop.LogFailure("A listener of the histograms threw", failure);
            }

            return true;
        }
    }

    /// <summary>By the number of the highest bit, each with its sum, so that the histogram's sum is right.</summary>
    private sealed class Buckets
    {
        private readonly long[] counts = new long[64];
        private readonly long[] sums = new long[64];
        private int first = 64;

        internal void Add(long ticks)
        {
            int bucket = System.Numerics.BitOperations.Log2((ulong)Math.Max(1, ticks));
            counts[bucket]++;
            sums[bucket] += ticks;
            first = Math.Min(first, bucket);
        }

        /// <returns>Whether there was anything.</returns>
        internal bool HandOn(System.Diagnostics.Metrics.Histogram<double> to, KeyValuePair<string, object?> tag)
        {
            bool any = first < 64;
            for (; first < 64; first++)
            {
                while (counts[first] > 0)
                {
                    long mean = sums[first] / counts[first]--;
                    sums[first] -= mean;
                    to.Record((double)mean / TimeSpan.TicksPerSecond, tag);
                }
            }

            return any;
        }
    }
}
