using System.Runtime.CompilerServices;
using EventLoop.Combining;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Foreign;
using EventLoop.Reporting;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>The common base of tasks and futures: something on a loop that ends once, with a result, a failure or a cancellation, and that any number of tasks
/// may await.</summary>
/// <remarks>
/// <para><b>Thread:</b> the properties may be read on any thread; everything else belongs to the loop's thread.</para>
/// <para><b>Cancellation:</b> cancelling a task that awaits it cancels it too, for every awaiter; <see cref="Loop.Shield(LoopAwaitable)"/> and
/// <c>Loop.Wait</c> are the forms that do not own what they wait for.</para>
/// <para>asyncio: the reading side of <c>Future</c>.</para>
/// </remarks>
public abstract partial class LoopAwaitable : IWaitTarget, ICompletion
{
    // Pending: null, or the one node that waits for it. Ended: a mark, a Failure (which may be a cancellation), or a LostFailure around a failure that nobody
    // has retrieved yet. Or the details, once there are any or several nodes wait; they then hold all of that. One field, because tasks come by the million.
    // Read on any thread.
    private volatile object? state;

    private protected LoopAwaitable()
    {
    }

    /// <summary>The loop that it belongs to.</summary>
    public Loop Loop => Core.Loop;

    /// <summary>Whether it has ended, in whatever way.</summary>
    public bool IsCompleted => Outcome is not null;

    /// <summary>Whether it ended with a result.</summary>
    public bool IsCompletedSuccessfully => ReferenceEquals(Outcome, EndMark.Succeeded);

    /// <summary>Whether it ended with an exception other than a cancellation. Asking does not count as retrieving the exception.</summary>
    public bool IsFaulted => Outcome is LostFailure or Failure { IsCancellation: false };

    /// <summary>Whether it ended with a failure and not with any cancellation, be it that of a .NET task.</summary>
    internal virtual bool IsFailed => IsFaulted;

    /// <summary>Whether it was canceled.</summary>
    public bool IsCanceled => Outcome is Failure { IsCancellation: true } || ReferenceEquals(Outcome, EndMark.Canceled);

    /// <summary>The failure; null unless <see cref="IsFaulted"/>, as on <see cref="Task"/>.</summary>
    /// <remarks>Reading it counts as retrieving the failure, which is then not reported as lost.</remarks>
    public Exception? Exception => IsFaulted ? RetrieveFailure().Exception : null;

    /// <summary>The reason given for the cancellation; null unless <see cref="IsCanceled"/>.</summary>
    public string? CancelReason => IsCanceled ? ((Outcome as Failure)?.Exception as LoopCanceledException)?.Reason ?? Rare?.CancelReason : null;

    /// <summary>Where it was made; null without debug mode.</summary>
    public string? CreatedAt => Rare?.CreatedAt;

    /// <summary>The tasks that wait for it. Any thread; a thread other than the loop's looks for them through all tasks, because it must not read a queue that
    /// moves.</summary>
    public IReadOnlyList<LoopTask> Awaiters => Core.IsInLoopThread
        ? AwaitersHere
        : IsCompleted ? [] : Core.Tasks.Snapshot().FindAll(task => task.SeemsToAwait(this));

    private List<LoopTask> AwaitersHere
    {
        get
        {
            var found = (Rare is { } rare ? rare.Waiters : new WaiterQueue(state as WaitNode)).Select(static node =>
                (node as CompletionObserver)?.OwnerTask ?? node.Context?.Task);
            if (!IsCompleted && OwnersWaiter is { } owners)
            {
                found.Insert(0, owners);
            }

            return found;
        }
    }

    /// <summary>The task that waits for it through its owner, if it has one.</summary>
    private protected virtual LoopTask? OwnersWaiter => null;

    /// <summary>Refuses a wait from another loop.</summary>
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    internal void RefuseLoop() => Throw.OtherLoop(this is LoopTask ? Label : Kind, Loop.Name);

    internal abstract LoopCore Core { get; }

    /// <summary>"task" or "future", for messages.</summary>
    internal abstract string Kind { get; }

    /// <summary>Its name in messages and in the live view.</summary>
    internal abstract string Label { get; }

    /// <summary>Requests that it ends as canceled.</summary>
    /// <param name="reason">A text for whoever sees the cancellation.</param>
    /// <returns>False if it has ended already.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed, and it had not ended.</exception>
    public bool Cancel(string? reason = null)
    {
        if (!Core.IsSurelyHere)
        {
            VerifyMayEnd("Cancel");
        }

        return CancelCore(reason);
    }

    /// <summary>Registers <paramref name="callback"/> to be called when it has ended: through the ready queue, never inline, even if it has ended
    /// already.</summary>
    /// <param name="callback">Receives this object. An exception goes to the loop's exception handler.</param>
    /// <remarks>It runs in the ExecutionContext of this call, outside any task. asyncio: <c>add_done_callback</c>.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="callback"/> is null.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void AddDoneCallback(Action<LoopAwaitable> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        AddDoneCallback(callback, callback);
    }

    /// <summary>Removes registrations by <see cref="AddDoneCallback(Action{LoopAwaitable})"/> that have not been scheduled yet.</summary>
    /// <param name="callback">An equal delegate.</param>
    /// <returns>How many registrations were removed.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public int RemoveDoneCallback(Action<LoopAwaitable> callback) => RemoveDoneCallback((Delegate)callback);

    /// <summary>For <c>await</c>.</summary>
    public LoopAwaiter GetAwaiter() => new(this);

    /// <summary>A wait for it as a coroutine, for combinators that take coroutines. In a gather it stands for the task or future itself.</summary>
    public Coroutine AsCoroutine() => new(new AwaitSource(this), 0);

    /// <summary>The same as <see cref="AsCoroutine"/>, so that tasks and futures can be given among coroutines.</summary>
    /// <param name="awaitable">A task or future.</param>
    public static implicit operator Coroutine(LoopAwaitable awaitable)
    {
        ArgumentNullException.ThrowIfNull(awaitable);
        return awaitable.AsCoroutine();
    }

    /// <summary>A <see cref="Task"/> that ends as this does; a canceled one rethrows the same <see cref="LoopCanceledException"/>.</summary>
    /// <remarks>Its continuations run on the thread pool, or where their own context wants them. The failure counts as retrieved. Whoever asks
    /// before it has ended gets the same one. Any thread.</remarks>
    /// <exception cref="ObjectDisposedException">It has not ended, and its loop is closed. If the loop closes later, the task fails with this
    /// exception.</exception>
    public Task AsTask() => TaskBridge<NoResult>.From(this, static ended => ended.ToCompletedTask());

    // ---- For the awaiters

    internal void AddWaiter(WaitNode node)
    {
        if (state is null)
        {
            state = node;
        }
        else
        {
            var details = Details;
            details.Waiters.Add(node);
            details.HasHadAwaiters |= node is not DoneCallback;
        }
    }

    internal void RemoveWaiter(WaitNode node)
    {
        if (ReferenceEquals(state, node))
        {
            state = null;
        }
        else
        {
            Rare?.Waiters.Remove(node);      // null: it is ending, and its only waiter leaves before it is woken
        }
    }

    internal bool HasWaiters => state switch
    {
        null => false,
        AwaitableDetails details => !details.Waiters.IsEmpty,
        var now => !IsOutcome(now),
    };

    /// <summary>Whether somebody may be awaiting it: more than done callbacks have been registered.</summary>
    internal bool MayHaveAwaiters => HasWaiters && (state is AwaitableDetails details ? details.HasHadAwaiters : state is not DoneCallback);

    /// <summary>Has an observer notified when this ends; at once, inside the call, if it has ended.</summary>
    internal void Watch(CompletionObserver watcher)
    {
        watcher.Watched = this;
        if (IsCompleted)
        {
            watcher.OnEnded(this);
            return;
        }

        watcher.State = WaitState.Parked;
        AddWaiter(watcher);
    }

    internal void Unwatch(CompletionObserver watcher)
    {
        if (watcher.State == WaitState.Parked)
        {
            watcher.State = WaitState.Idle;
            RemoveWaiter(watcher);
        }
    }

    /// <summary>Throws unless it succeeded; it must have ended. Counts as retrieving the failure.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void ThrowUnlessSucceeded()
    {
        if (!ReferenceEquals(state, EndMark.Succeeded))
        {
            ThrowOutcome();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining), StackTraceHidden]
    private void ThrowOutcome()
    {
        if (!IsCompleted)
        {
            Throw.NotCompleted(Kind);
        }

        Ended()?.Rethrow();
    }

    /// <summary>The exception that awaiting it throws; null if it succeeded. Counts as retrieving it.</summary>
    internal Exception? FailureOrCancellation() => Ended()?.Exception;

    /// <summary>The failure, without retrieving it.</summary>
    internal Exception? PeekFailure() => (Outcome is LostFailure lost ? lost.Failure : IsFaulted ? (Failure)Outcome! : null)?.Exception;

    private Failure? Ended() => IsFaulted ? RetrieveFailure() : IsCanceled ? Cancellation() : null;

    private Failure Cancellation()
    {
        if (Outcome is not Failure cancellation)
        {
            cancellation = Failure.Of(new LoopCanceledException(Rare?.CancelReason), null);
            Outcome = cancellation;
        }

        return cancellation;
    }

    private Failure RetrieveFailure()
    {
        if (Outcome is LostFailure lost)
        {
            lost.Settle();
            Outcome = lost.Failure;
        }

        return (Failure)Outcome!;
    }

    /// <summary>Notes that a gather which is over had waited for it, so that a later failure counts as retrieved.</summary>
    internal void MarkAskedFor()
    {
        if (IsCompleted)
        {
            MarkRetrieved();
        }
        else
        {
            NoteAskedFor();
        }
    }

    private protected virtual void NoteAskedFor() => Details.IsAskedFor = true;

    internal void MarkRetrieved()
    {
        if (IsFaulted)
        {
            RetrieveFailure();
        }
    }

    private async Task<NoResult> ToCompletedTask()
    {
        await Task.CompletedTask.ConfigureAwait(false);
        ThrowUnlessSucceeded();
        return NoResult.None;
    }

    // ---- Where it keeps its outcome and everything else

    private protected AwaitableDetails? Rare => state as AwaitableDetails;

    private protected AwaitableDetails Details => Rare ?? AddDetails();

    private AwaitableDetails AddDetails()
    {
        var details = new AwaitableDetails { Outcome = Outcome };
        if (details.Outcome is null && state is not null)
        {
            details.Waiters.Add(Unsafe.As<WaitNode>(state));
            details.HasHadAwaiters = state is not DoneCallback;
        }

        state = details;
        return details;
    }

    // Null while it is pending.
    private object? Outcome
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            object? now = state;
            return now is null || ReferenceEquals(now, EndMark.Succeeded) ? now : OutcomeIn(now);
        }

        set
        {
            if (state is AwaitableDetails details)
            {
                details.Outcome = value;
            }
            else
            {
                state = value;
            }
        }
    }

    // Separate, so that the awaiting code stays small enough to be inlined. Except for the node every type is sealed, so that each test is one comparison.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static object? OutcomeIn(object now) => IsOutcome(now) ? now : (now as AwaitableDetails)?.Outcome;

    private static bool IsOutcome(object now) => now is EndMark or Failure or LostFailure;

    /// <summary>The task that made it, in words, if that was recorded.</summary>
    internal string? CreatedBy => Rare?.CreatedBy;

    private protected void NoteOrigin()
    {
        Details.CreatedBy = Core.CurrentTask?.Label;
        if (Core.Loop.Debug)
        {
            Details.CreatedAt = Origin.Capture();
        }
    }

    /// <summary>The name, and the result, the failure or what it waits for. Any thread.</summary>
    public override string ToString() => $"{Label} ({StateText.Of(this)})";

    /// <summary>Whether it is of a kind that has a result.</summary>
    internal virtual bool HasResult => false;

    /// <summary>The result, for display.</summary>
    internal virtual object? ResultToShow => null;

    // Cancelling a waiter is passed on to what it waits for: that ends, and the waiter is notified as of any other end.
    // Where it has ended just now, and its end is what cancels the waiter, nothing of that cancellation comes back with its outcome.
    AbortResult IWaitTarget.Abort(WaitNode node, string? reason)
    {
        if (IsCompleted)
        {
            return AbortResult.Refused;
        }

        CancelCore(reason);
        return AbortResult.PassedOn;
    }

    string IWaitTarget.Describe(WaitNode node) => Label;

    WaitKind IWaitTarget.Kind => WaitedForAs;

    object? IWaitTarget.Resource => this;

    string? IWaitTarget.Gist => Kind;

    /// <summary>The kind of wait that awaiting it is.</summary>
    private protected virtual WaitKind WaitedForAs => WaitKind.Future;

    void IWaitTarget.CollectBlockers(WaitNode node, List<IStepOwner> blockers)
    {
        if (this is LoopTask task)
        {
            blockers.Add(task);
        }
    }
}
