using System.Collections.Concurrent;

namespace EventLoop.Reporting;

/// <summary>The losses of a loop that may still occur: each is reported when its object is collected, or when the loop closes, whichever comes first. Any
/// thread.</summary>
internal sealed class LossLedger(Action<Loss> report)
{
    private readonly ConcurrentDictionary<Loss, byte> open = new();

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
        if (loss.TrySettle())
        {
            open.TryRemove(loss, out _);
            report(loss);
        }
    }

    internal void ReportAll()
    {
        foreach (var loss in open.Keys)
        {
            Report(loss);
        }
    }
}
