using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>Waits until every item of a queue is done; one for each queue.</summary>
internal sealed class QueueJoin<T>(AsyncQueue<T> queue) : WaitSource, IWaitTarget
{
    protected override bool TryComplete(LoopCore core, long token)
    {
        queue.Binding.Verify(core, "AsyncQueue.JoinAsync");
        return queue.Unfinished == 0;
    }

    protected override void ParkCore(LoopCore core, long token, WaitNode awaiting)
    {
        queue.Joiners.Add(awaiting);
        awaiting.Park(this);
    }

    AbortResult IWaitTarget.Abort(WaitNode node, string? reason)
    {
        queue.Joiners.Remove(node);
        return AbortResult.GivenUp;
    }

    string IWaitTarget.Describe(WaitNode node) => $"queue ({queue.Unfinished} items to be done)";
}
