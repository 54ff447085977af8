using System.Diagnostics;
using EventLoop.Executors.Workers;

namespace EventLoop.Executors;

// Work that is sent while the worker is still busy, so that short work does not cost a round trip for each piece. It has not begun: when the worker dies, or
// when what it does takes longer than it used to and it sends this back, it waits for a worker again as if nothing had been.
internal sealed partial class WorkerHandle
{
    // Work for a millisecond at the most, so that little waits here that another worker could do meanwhile. With 8 in flight 2.7 times as many pieces as
    // without.
    private const int MostAhead = 8, LargestAhead = 4096;
    private static readonly long TimeAhead = Stopwatch.Frequency / 1000;

    private static readonly TimeSpan Unwanted = TimeSpan.FromMilliseconds(20);

    private readonly Queue<WorkItem> ahead = new();
    private long usual = TimeAhead * 2;      // see Usual

    /// <summary>Work that it has, and has not begun.</summary>
    internal IReadOnlyCollection<WorkItem> Ahead => ahead;

    /// <summary>What a piece of work takes here: the last one, or the average of the last ones if that is more.</summary>
    internal TimeSpan Usual => Stopwatch.GetElapsedTime(0, usual);

    /// <summary>What it has and somebody waits for.</summary>
    internal IEnumerable<WorkItem> Given => (Item is { } item ? ahead.Prepend(item) : ahead).Where(static item => !item.IsDone);

    /// <summary>Whether it may be sent this work before it has done what it has.</summary>
    /// <param name="item">The next piece of work.</param>
    /// <param name="number">Its function's.</param>
    internal bool HasRoomFor(WorkItem item, int number) =>
        State == WorkerState.Busy && !IsWornOut && (ahead.Count + 1) * usual <= TimeAhead && ahead.Count < MostAhead
        && Item!.IsSent && item.Frame!.Length <= LargestAhead && knownNames.Contains(number)
        && pool.Options.MemoryLimit is null && !(TasksDone + ahead.Count + 2 > pool.Options.MaxTasksPerWorker);

    /// <returns>False: it is gone.</returns>
    internal bool SendAhead(WorkItem item, int number)
    {
        item.Worker = this;
        item.IsSent = false;
        item.Frame!.PatchInt32(FrameWriter.Head, number);
        if (!Send(item.Frame.Finish(item.Kind, item.Id), item))
        {
            item.Worker = null;
            IsWornOut = true;      // its end is on the way
            return false;
        }

        ahead.Enqueue(item);
        return true;
    }

    // Something that takes very long is soon forgotten all the same.
    private void NoteTime(long took)
    {
        took = Math.Min(took, TimeAhead * 8);
        usual = Math.Max(took, ((usual * 3) + took) / 4);
    }

    // What it does takes long, it says, and nothing may be sent ahead until it has done that.
    private void OnReturned(int about)
    {
        NoteTime(TimeAhead * 8);
        for (int left = ahead.Count; left > 0; left--)
        {
            var item = ahead.Dequeue();
            if (item.Id == about)
            {
                pool.OnReturned(item);
            }
            else
            {
                ahead.Enqueue(item);
            }
        }
    }

    // It has done its work: the next piece that it has begins now.
    private void BeginNext(long now)
    {
        if (!ahead.TryDequeue(out var next))
        {
            Item = null;
            State = WorkerState.Idle;
            return;
        }

        Item = next;
        next.BegunAt = now;
        State = WorkerState.Busy;
        LimitTime();
        if (next.IsDone)
        {
            // Nobody waits for it any more, and it is probably done before its worker could be killed.
            GiveUp(pool.Options.CancelGrace > Unwanted ? pool.Options.CancelGrace : Unwanted);
        }
    }
}
