namespace EventLoop.Scheduling;

// For many items that arrive one by one from the thread pool, where each is a work item of its own, as the requests and frames of HTTP/2 are.
internal abstract partial class LoopCore
{
    private PoolWakeUp? poolWakeUp;      // any thread; made on demand

    /// <summary>
    /// Any thread of the pool: like <see cref="Arrive"/>, but a sleeping loop is woken by a work item of the pool, after those that are queued there
    /// already. What
    /// these bring shares the wake-up, instead of causing one each, with two context switches.
    /// </summary>
    internal void ArriveWithOthers(LoopItem item)
    {
        if (ReferenceEquals(Running, this))
        {
            item.OnArrived(this);
        }
        else if (!Inbox.TryPush(item))
        {
            item.OnRejected(this);
        }
        else if (IsParked)
        {
            (poolWakeUp ?? Interlocked.CompareExchange(ref poolWakeUp, new PoolWakeUp(this), null) ?? poolWakeUp).Queue();
        }
    }

    private sealed class PoolWakeUp(LoopCore core) : IThreadPoolWorkItem
    {
        private int isQueued;      // any thread, interlocked

        internal bool IsQueued => Volatile.Read(ref isQueued) != 0;

        internal void Queue()
        {
            if (Interlocked.Exchange(ref isQueued, 1) == 0)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
        }

        // Whoever found it queued had pushed before, which is visible from here on; later ones queue it again.
        public void Execute()
        {
            Interlocked.Exchange(ref isQueued, 0);
            core.WakeUp();
        }
    }
}
