using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>Waits for several tasks and futures; what it waits for exactly is the subclass's. Loop thread only.</summary>
internal abstract class ChildrenWait : WaitPoint
{
    private readonly ChildWatcher[] watchers;
    private Alarm? alarm;

    protected ChildrenWait(IReadOnlyList<LoopAwaitable> children)
    {
        Children = children;
        watchers = new ChildWatcher[children.Count];
    }

    internal IReadOnlyList<LoopAwaitable> Children { get; }

    /// <summary>How many have not ended yet.</summary>
    protected int Pending { get; private set; }

    /// <summary>The time given to <see cref="StartTimer"/> is up.</summary>
    internal bool TimedOut { get; private set; }

    /// <summary>From now on; zero or less lets what has ended already be taken first. Null or infinite: none.</summary>
    internal void StartTimer(LoopCore core, TimeSpan? timeout)
    {
        if (timeout is not { } time || time == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        alarm = new Alarm(() =>
        {
            TimedOut = true;
            WakeWaiter();
        });
        alarm.Start(core, time);
    }

    /// <summary>Begins to watch; those that have ended are told of at once.</summary>
    internal void Start()
    {
        Pending = watchers.Length;
        for (int i = 0; i < watchers.Length; i++)
        {
            watchers[i] = new ChildWatcher(this, i);
        }

        for (int i = 0; i < watchers.Length; i++)
        {
            Children[i].Watch(watchers[i]);
        }
    }

    /// <summary>Stops the time, and watching those that have not ended.</summary>
    internal void Detach()
    {
        alarm?.Stop();
        foreach (var watcher in watchers)
        {
            watcher?.Watched?.Unwatch(watcher);
        }
    }

    public override void CollectBlockers(WaitNode node, List<LoopTask> blockers) =>
        blockers.AddRange(Children.OfType<LoopTask>().Where(static child => !child.IsCompleted));

    protected abstract void OnChildEnded(LoopAwaitable child, int index);

    protected void CancelChildren(string? reason)
    {
        foreach (var child in Children)
        {
            child.CancelCore(reason);
        }
    }

    private sealed class ChildWatcher(ChildrenWait owner, int index) : Watcher
    {
        internal override LoopTask? OwnerTask => owner.Waiter;

        internal override void OnEnded(LoopAwaitable ended)
        {
            owner.Pending--;
            owner.OnChildEnded(ended, index);
        }
    }
}
