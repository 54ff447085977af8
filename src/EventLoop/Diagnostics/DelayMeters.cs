namespace EventLoop.Diagnostics;

/// <summary>The meters of the loops that one tool watches; they are detached when it looks away. On the thread of its request.</summary>
internal sealed class DelayMeters : IDisposable
{
    private readonly Dictionary<Loop, DelayMeter> meters = new(ReferenceEqualityComparer.Instance);

    /// <returns>Null when the loop is watched for the first time.</returns>
    internal LoopDelay? Read(Loop loop)
    {
        if (meters.TryGetValue(loop, out var meter))
        {
            return meter.Read();
        }

        meters[loop] = meter = new DelayMeter(loop.Core);
        loop.Core.Instruments.Add(meter, DelayMeter.Needs);
        return null;
    }

    /// <summary>Lets go of loops that were closed.</summary>
    internal void Forget()
    {
        foreach (var loop in meters.Keys)
        {
            if (loop.IsClosed)
            {
                meters.Remove(loop);
            }
        }
    }

    public void Dispose()
    {
        foreach (var (loop, meter) in meters)
        {
            loop.Core.Instruments.Remove(meter);
        }
    }
}
