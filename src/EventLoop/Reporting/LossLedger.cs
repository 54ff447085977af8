using System.Collections.Concurrent;

namespace EventLoop.Reporting;

/// <summary>The losses of a loop that may still occur: each is reported when its object is collected, or when the loop closes, whichever comes first. Any
/// thread.</summary>
internal sealed class LossLedger(Action<Loss> report)
{
    // How long a close waits for reports that the collector's thread is making.
    private static readonly TimeSpan ReportTime = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Loss, byte> open = new();
    private int reporting;      // interlocked

    internal Loss Open(string message, Exception? exception, object? about, string? createdAt)
    {
        var loss = new Loss(message, exception, about, createdAt);
        open.TryAdd(loss, 0);
        return loss;
    }

    internal void Settle(Loss loss)
    {
        if (loss.TrySettle())
        {
            open.TryRemove(loss, out _);
        }
    }

    internal void Report(Loss loss)
    {
        Interlocked.Increment(ref reporting);
        try
        {
            if (loss.TrySettle())
            {
                open.TryRemove(loss, out _);
                report(loss);
            }
        }
        finally
        {
            Interlocked.Decrement(ref reporting);
        }
    }

    /// <summary>Called when the loop closes; afterwards all reports have been made, also those that the collector has begun.</summary>
    internal void ReportAll()
    {
        foreach (var loss in open.Keys)
        {
            Report(loss);
        }

        SpinWait.SpinUntil(() => Volatile.Read(ref reporting) == 0, ReportTime);
    }
}
