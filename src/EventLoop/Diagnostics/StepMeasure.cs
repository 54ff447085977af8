using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Counts steps and delays in powers of two while somebody listens to the histograms, and reports them when the loop looks at the clock, so that a
/// step costs no call of the meter. Loop thread only.</summary>
internal sealed class StepMeasure(Loop loop) : Instrument
{
    internal const Hearing Needs = Hearing.StepBegins | Hearing.StepEnds | Hearing.Times | Hearing.Waits | Hearing.Looks | Hearing.Tasks;

    private const int MostAtOnce = 64;

    private readonly KeyValuePair<string, object?> tag = new(LoopTelemetry.NameTag, loop.Name);
    private readonly Dictionary<int, long> wokenAt = [];
    private readonly Buckets steps = new();
    private readonly Buckets delays = new();
    private long moment = loop.Core.LookedAt;

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
        steps.HandOn(StepHistograms.StepDuration, tag);
        delays.HandOn(StepHistograms.ReadyDelay, tag);
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

        internal void HandOn(System.Diagnostics.Metrics.Histogram<double> to, KeyValuePair<string, object?> tag)
        {
            int left = MostAtOnce;
            for (; first < 64; first++)
            {
                while (counts[first] > 0)
                {
                    if (left-- == 0)
                    {
                        return;      // the rest when the loop looks next
                    }

                    long mean = sums[first] / counts[first];
                    to.Record((double)mean / TimeSpan.TicksPerSecond, tag);
                    sums[first] -= mean;
                    counts[first]--;
                }
            }
        }
    }
}
