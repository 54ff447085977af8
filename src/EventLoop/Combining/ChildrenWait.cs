using EventLoop.Diagnostics;
using EventLoop.Foreign;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Combining;

/// <summary>Waits for several tasks and futures; the subclass says for which of them. Loop thread only.</summary>
internal abstract class ChildrenWait : WaitPoint, IAwaitsOthers
{
    private readonly ChildWatcher[] watchers;
    private InternalTimer? alarm;

    protected ChildrenWait(LoopAwaitable[] children)
    {
        Children = children;
        watchers = new ChildWatcher[children.Length];
    }

    internal LoopAwaitable[] Children { get; }

    bool IAwaitsOthers.Includes(LoopAwaitable awaited) => Children.Contains(awaited);

    /// <summary>How many have not ended yet.</summary>
    protected int Pending { get; private set; }

    /// <summary>Whether the time given to <see cref="StartTimer"/> has elapsed.</summary>
    internal bool TimedOut { get; private set; }

    /// <summary>Starts a timer from now on; zero or less still takes what has completed already. Null or infinite: none.</summary>
    internal void StartTimer(LoopCore core, TimeSpan? timeout)
    {
        if (timeout is not { } time || time == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        alarm = new InternalTimer(() =>
        {
            TimedOut = true;
            WakeWaiter();
        });
        alarm.Start(core, time);
    }

    /// <summary>Begins to observe; those that have ended are reported at once.</summary>
    internal void Start()
    {
        Pending = watchers.Length;
        for (int i = 0; i < watchers.Length; i++)
        {
            watchers[i] = new ChildWatcher(this, i);
            Children[i].Watch(watchers[i]);
        }
    }

    /// <summary>Stops the timer, and observing those that have not ended: nothing stays attached to what lives on. O(1) for each.</summary>
    internal void Detach()
    {
        alarm?.Stop();
        if (Pending == 0)
        {
            return;
        }

        foreach (var watcher in watchers)
        {
            watcher?.Watched?.Unwatch(watcher);
        }
    }

    /// <summary>Whether something that it waits for may be completed from outside the loop.</summary>
    internal bool IsOpenToTheOutside => Array.Exists(Children, static child => child is not LoopTask && !child.IsCompleted);

    /// <summary>Whether it waits for a .NET task.</summary>
    internal bool IsForeign => Array.Exists(Children, static child => child is ForeignTask && !child.IsCompleted);

    public override WaitKind Kind => WaitKind.Gather;

    public override BlockersNeeded Needs => alarm is not null ? BlockersNeeded.Nothing : EndsWithAny ? BlockersNeeded.Any : BlockersNeeded.All;

    /// <summary>Whether one that ends suffices.</summary>
    private protected virtual bool EndsWithAny => false;

    public override void CollectBlockers(WaitNode node, List<IStepOwner> blockers) =>
        blockers.AddRange(Children.OfType<LoopTask>().Where(static child => !child.IsCompleted));

    protected abstract void OnChildEnded(LoopAwaitable child, int index);

    protected void CancelChildren(string? reason)
    {
        foreach (var child in Children)
        {
            child.CancelCore(reason);
        }
    }

    private sealed class ChildWatcher(ChildrenWait owner, int index) : CompletionObserver
    {
        internal override LoopTask? OwnerTask => owner.Waiter;

        internal override void OnEnded(LoopAwaitable ended)
        {
            owner.Pending--;
            owner.OnChildEnded(ended, index);
        }
    }
}
