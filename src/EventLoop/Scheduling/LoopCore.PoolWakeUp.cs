namespace EventLoop.Scheduling;

// Many items that come one by one from the thread pool, each a work item of its own there, as the requests and the frames of HTTP/2 do.
internal abstract partial class LoopCore
{
    private PoolWakeUp? poolWakeUp;      // any thread; made by the first who needs it

    /// <summary>
    /// Any thread of the pool: as <see cref="Arrive"/>, but a loop that sleeps is woken by a work item of the pool, behind those that stand there already. What
    /// these bring comes with the same wake-up, where each would have got one of its own, and two switches of threads with it.
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

        // Who found it queued had pushed before, and is seen from here on; who comes later queues it again.
        public void Execute()
        {
            Interlocked.Exchange(ref isQueued, 0);
            core.WakeUp();
        }
    }
}
