using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Foreign;

/// <summary>
/// A coroutine's wait for a foreign awaitable: a Task, a ValueTask, Task.Yield, a user's own. Its delegate may be called on any thread; the coroutine resumes
/// on its loop nevertheless. A cancellation does not reach it as it reaches other waits: <see cref="ForeignInterruption"/> decides what becomes of it.
/// </summary>
/// <remarks>
/// Foreign code holds the delegate. Its first call counts, on any thread; a further one throws there. So that a late call never meets the next use, only
/// waits whose awaiter is known to call once are pooled: those for tasks, and those for the library's own sources, which vouch for themselves.
/// </remarks>
[StackTraceHidden]
internal sealed class ForeignWait : LoopItem, IWaitTarget, IAbandonable
{
    private static readonly int Slot = ItemPools.NewSlot();

    private CoroutineBox? box;       // loop thread; whoever calls the continuation sees it through the fence of the awaited object's completion
    private ForeignAwaiter? awaiter;
    private ForeignRefusal? refusal;
    private bool callsOnce;
    private int armed;               // any thread, interlocked: 1 until the continuation is called, or withdrawn

    // Nobody waits for it any more, and its failure is to be observed. Such a wait is not pooled again: its delegate is still registered. Loop thread; after
    // the loop's end any thread.
    private Task? abandoned;
    private ForeignWait? nextAbandoned;      // of the same task

    private ForeignWait() => Continuation = Resume;

    internal Action Continuation { get; }

    internal static ForeignWait Begin(LoopCore core, CoroutineBox box, ForeignAwaiter awaiter)
    {
        var wait = core.Pools.TryRent<ForeignWait>(Slot) ?? new ForeignWait();
        wait.box = box;
        wait.awaiter = awaiter;
        wait.callsOnce = awaiter.CallsOnce;
        wait.Context = box.Context;
        Volatile.Write(ref wait.armed, 1);
        box.Park(wait);
        return wait;
    }

    /// <summary>
    /// Reuses a wait for this task that was given up and is still registered with it: it now waits for this method. .NET removes a continuation only by a
    /// search, and a long-lived task would collect those of every wait that was given up. False: there is none.
    /// </summary>
    internal static bool TryResumeAbandoned(LoopCore core, CoroutineBox box, ForeignAwaiter awaiter, Task task)
    {
        var all = core.AbandonedWaits!;
        if (!all.TryGetValue(task, out var wait))
        {
            return false;
        }

        if (wait.nextAbandoned is { } other)
        {
            all.AddOrUpdate(task, other);
        }
        else
        {
            all.Remove(task);
        }

        wait.nextAbandoned = null;
        wait.abandoned = null;
        wait.box = box;
        wait.awaiter = awaiter;
        wait.Context = box.Context;
        Volatile.Write(ref wait.armed, 1);      // its call may be on the way here: then the task has ended, and the call wakes this method
        box.Park(wait);
        return true;
    }

    /// <summary>Called by the library's own sources, which call a continuation once, before they take it.</summary>
    internal static void Vouch(object? continuation)
    {
        if (continuation is Action { Target: ForeignWait wait })
        {
            wait.callsOnce = true;
        }
    }

    /// <summary>Called when the awaiter has thrown instead of taking the continuation. False: it has called it nevertheless, and the coroutine resumes through
    /// that.</summary>
    internal bool TryWithdraw()
    {
        if (Interlocked.Exchange(ref armed, 0) == 0)
        {
            return false;
        }

        box!.Unpark();
        box = null;
        return true;
    }

    /// <summary>Whether a cancellation can end it while it waits.</summary>
    internal bool IsInterruptible => Context!.Core.InterruptsForeignAwaits && awaiter!.IsReplaceable;

    /// <summary>The task that it waits for, where a cancellation can end the wait.</summary>
    internal Task? Awaited => box is { } waiting ? awaiter!.TaskOf(waiting) : null;

    internal bool GraceIsOver => refusal is { GraceIsOver: true };

    /// <summary>Whether a cancellation has met it and not ended it.</summary>
    internal bool HasRefused => refusal is not null;

    public bool IsAbandoned => abandoned is not null;

    internal string MethodName => box?.MethodName ?? "a coroutine";

    internal string Description => awaiter?.Name ?? "a foreign awaitable";

    private void Resume()
    {
        if (Interlocked.Exchange(ref armed, 0) == 0)
        {
            throw new InvalidOperationException(
                "An awaiter called its continuation a second time, or after it had refused it with an exception. It has to call it once; the coroutine has "
                    + "resumed already.");
        }

        var core = Context!.Core;
        if (!ReferenceEquals(LoopCore.Running, core))
        {
            core.Arrive(this);
            return;
        }

        // In a step of the same flow the method resumes in that step, as in .NET; from anywhere else it is queued.
        if (ReferenceEquals(core.Current, Context) && core.Current!.Task is not null)
        {
            var resumed = Detach(core);
            resumed.Unpark();
            core.RunNext(resumed);
        }
        else
        {
            OnArrived(core);
        }
    }

    private CoroutineBox Detach(LoopCore core)
    {
        var waiting = box!;
        box = null;
        awaiter = null;
        Context = null;
        EndRefusal();
        if (callsOnce)
        {
            core.Pools.Return(this, Slot);
        }

        return waiting;
    }

    /// <summary>Ends the wait with <paramref name="cancellation"/>, which the await throws in this step. What was awaited continues by itself.</summary>
    internal void Abandon(LoopCore core, Task awaited, LoopCanceledException cancellation)
    {
        var waiting = box!;
        if (!awaiter!.TryFail(waiting, cancellation))
        {
            return;
        }

        abandoned = awaited;
        var all = core.AbandonedWaits ??= [];
        nextAbandoned = all.TryGetValue(awaited, out var other) ? other : null;
        all.AddOrUpdate(awaited, this);
        box = null;
        awaiter = null;
        Context = core.BaseContext;      // the task's own context would be kept alive by whatever was awaited
        EndRefusal();
        waiting.Unpark();
        core.RunNext(waiting);
    }

    /// <summary>Called when a cancellation has met it and does not end it now.</summary>
    internal ForeignRefusal Refuse(LoopTask task) => refusal ??= new ForeignRefusal(this, task);

    private void EndRefusal()
    {
        refusal?.End();
        refusal = null;
    }

    internal override void OnArrived(LoopCore core)
    {
        if (abandoned is { } late)
        {
            _ = late.Exception;
            core.AbandonedWaits?.Remove(late);
            return;
        }

        Detach(core).Wake(core);
    }

    internal override void OnRejected(LoopCore core)
    {
        if (abandoned is { } late)
        {
            _ = late.Exception;
            return;
        }

        core.Loop.OnLateContinuation();
    }

    internal override void Execute() => throw new InvalidOperationException("A foreign wait wakes its coroutine on arrival and is never run.");

    AbortResult IWaitTarget.Abort(WaitNode node, string? reason) => AbortResult.Refused;

    string IWaitTarget.Describe(WaitNode node) => Description;

    WaitKind IWaitTarget.Kind => WaitKind.Foreign;
}
