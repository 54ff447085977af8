using EventLoop.Cancellation;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>The tasks that ended last. It outlives its loop, because the end of a run is when it is needed.</summary>
internal sealed class EndedTaskLog(LoopCore core) : Instrument
{
    internal const Hearing Needs = Hearing.Tasks | Hearing.Cancellations;

    private readonly Lock gate = new();      // the loop's thread adds, any thread reads
    private readonly Dictionary<int, long> born = [];      // loop thread
    private EndedTask[] ring = [];
    private long count;

    /// <summary>How many of the latest are kept.</summary>
    internal int Kept
    {
        get
        {
            lock (gate)
            {
                return ring.Length;
            }
        }

        set
        {
            lock (gate)
            {
                var latest = NewestFirst(Math.Min(value, ring.Length));
                ring = new EndedTask[value];
                count = 0;
                for (int i = latest.Count - 1; i >= 0; i--)
                {
                    ring[count++] = latest[i];
                }
            }
        }
    }

    internal IReadOnlyList<EndedTask> All
    {
        get
        {
            lock (gate)
            {
                return NewestFirst(ring.Length);
            }
        }
    }

    private List<EndedTask> NewestFirst(int most)
    {
        var latest = new List<EndedTask>();
        for (long i = count - 1; i >= 0 && i >= count - ring.Length && latest.Count < most; i--)
        {
            latest.Add(ring[i % ring.Length]);
        }

        return latest;
    }

    internal override void OnTaskMade(LoopContext task, LoopContext? creator) => born[task.Task!.Id] = core.Clock.Now;

    internal override void OnTaskEnded(LoopContext task)
    {
        var ended = task.Task!;
        long now = core.Clock.Now;
        long since = born.Remove(ended.Id, out long known) ? known : ended.Counts?.Born ?? now;
        var failure = ended.PeekFailure();
        var record = new EndedTask(
            ended.Id,
            ResourceNames.Cut(ended.Name),
            ended.Status,
            TimeSpan.FromTicks(now),
            TimeSpan.FromTicks(Math.Max(0, now - since)),
            ended.CreatorId == 0 ? null : ended.CreatorId,
            failure is null ? null : ResourceNames.Cut(FailureText.Of(failure)),
            ended.IsCanceled ? CancelLinks.ToList(CancelTrail.Of(ended)) : []);
        lock (gate)
        {
            if (ring.Length > 0)
            {
                ring[count++ % ring.Length] = record;
            }
        }
    }
}
