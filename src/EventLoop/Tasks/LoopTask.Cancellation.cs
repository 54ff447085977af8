using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// How a request to cancel reaches the waits of a task, and which of them see it.
public partial class LoopTask
{
    internal override bool CancelCore(string? reason)
    {
        if (IsCompleted)
        {
            return false;
        }

        Details.CancelRequests++;
        if (reason is not null || Rare?.CancelReason is not null)
        {
            Details.CancelReason = reason;
        }

        context.MustCancel = true;
        MarkAttention();
        Core.CancelRounds.Run(this);
        return true;
    }

    /// <summary>It was cancelled, and no wait has thrown that yet.</summary>
    internal bool HasUndeliveredRequest => context.MustCancel;

    /// <summary>The reason of the requests so far.</summary>
    internal string? RequestReason => Rare?.CancelReason;

    /// <summary>Joins the round of cancellations that is under way; false when it is in it already.</summary>
    internal bool EnterCancelRound() => !context.InCancelRound && (context.InCancelRound = true);

    internal void LeaveCancelRound()
    {
        context.InCancelRound = false;
        if (CancelRequests > 0)
        {
            FireToken();
        }
    }

    // Those that have fired for the requests that were taken back. From the outside in: inside a scope that is cancelled itself they stay as they are.
    private void RenewTokens()
    {
        if (TokenSource is { IsCancellationRequested: true } source)
        {
            source.End();
            Details.TokenSource = null;
        }

        foreach (var scoped in ScopeContexts)
        {
            scoped.Scope!.RenewToken();
        }
    }

    private void FireToken() => TokenSource?.Fire(Core);

    internal void MarkAttention()
    {
        context.Attention = true;
        foreach (var scoped in ScopeContexts)
        {
            scoped.Attention = true;
        }
    }

    /// <summary>Throws what is due into the waits that see it.</summary>
    internal void InterruptWaits()
    {
        if (IsCompleted)
        {
            return;
        }

        // First ask every wait, then note what was delivered: one request aborts all waits of a task.
        var delivered = new List<(TaskContext From, LoopAwaitable By)>();
        foreach (var each in Contexts())
        {
            if (each.IsBeingCancelled)
            {
                delivered.Add((each, this));
            }
        }

        List<(ForeignWait Wait, TaskContext From)>? foreign = null;
        foreach (var node in CollectWaits())
        {
            // What one wait gave up may have ended another, which has its outcome then: both awaited the same future.
            if (node.State is not (WaitState.Parked or WaitState.Yielding))
            {
                continue;
            }

            var from = (TaskContext)node.Context!;
            if (!IsCancellationVisible(from, deliver: false, out string? reason))
            {
                continue;
            }

            if (node.Target is ForeignWait wait)
            {
                (foreign ??= []).Add((wait, from));
                continue;
            }

            var result = node.State == WaitState.Yielding ? AbortResult.GivenUp : node.Target!.Abort(node, reason);
            if (result == AbortResult.GivenUp)
            {
                node.WakeWith(Core, new LoopCanceledException(reason));
            }

            if (result != AbortResult.Refused)
            {
                delivered.Add((from, result == AbortResult.PassedOn ? node.Target as LoopAwaitable ?? this : this));
            }
        }

        foreach (var (from, by) in delivered)
        {
            MarkDelivered(from, by);
        }

        if (foreign is not null)
        {
            InterruptForeign(foreign, isTaken: delivered.Count > 0);
        }
    }

    // Where code of the task waited on the loop, that is what was cancelled: what waits for such code learns of it from there. A level-triggered scope is asked again after a while.
    private void InterruptForeign(List<(ForeignWait Wait, TaskContext From)> foreign, bool isTaken)
    {
        if (!isTaken)
        {
            ScheduleInterruption();
            return;
        }

        foreach (var (wait, from) in foreign)
        {
            if (IsCancellationVisible(from, deliver: false, out _))
            {
                wait.Refuse(this).Pause();
            }
        }
    }

    /// <summary>Has it decided, after whatever is ready now, what becomes of the waits for things that are not ours.</summary>
    internal void ScheduleInterruption()
    {
        if (!IsCompleted && !context.IsInterruptionDue)
        {
            context.IsInterruptionDue = true;
            Core.Ready.Enqueue(new ForeignInterruption(this));
        }
    }

    /// <summary>A wait for something that is not ours has begun in <paramref name="from"/>, where a cancellation may be due.</summary>
    internal void OnForeignWaitBegun(LoopContext from)
    {
        var here = (TaskContext)from;
        if (IsCancellationVisible(here, deliver: false, out _))
        {
            ScheduleInterruption();
        }
        else
        {
            from.Attention = IsAnythingPending(here);
        }
    }

    internal bool SeesCancellation(TaskContext from, out string? reason) => IsCancellationVisible(from, deliver: false, out reason);

    /// <param name="from">Where the wait stands that throws it.</param>
    /// <param name="by">This task, or what it awaits and what throws it if it ends so.</param>
    internal void MarkDelivered(TaskContext from, LoopAwaitable by)
    {
        bool ofTask = context.MustCancel;
        IsCancellationVisible(from, deliver: true, out _);
        if (ofTask && !context.MustCancel)
        {
            Details.DeliveredBy = by;
        }
    }

    /// <summary>A wait has thrown a request for this task as a whole into its code.</summary>
    private bool WasCancellationThrown => Rare?.DeliveredBy is { } by && (ReferenceEquals(by, this) || by.IsCanceled);

    /// <summary>Whether the wait still stands that a cancellation has to throw.</summary>
    internal bool IsCancellationDue(ForeignWait wait) =>
        !IsCompleted && wait.Context is TaskContext from && ReferenceEquals(from.Task, this) && IsCancellationVisible(from, deliver: false, out _);

    /// <summary>Whether somebody was given a token that tells of the cancellation which code in <paramref name="from"/> sees.</summary>
    internal bool HasTokenOut(TaskContext from)
    {
        for (var scope = from.Scope; scope is not null; scope = scope.Parent)
        {
            if (scope.HasTokenOut)
            {
                return true;
            }
        }

        return TokenSource is { IsHandedOut: true, IsCancellationRequested: true };
    }

    /// <summary>At the beginning of a wait in <paramref name="from"/>: the cancellation that it has to throw instead.</summary>
    internal LoopCanceledException? TakeCancellation(LoopContext from)
    {
        var here = (TaskContext)from;
        if (IsCancellationVisible(here, deliver: false, out string? reason))
        {
            MarkDelivered(here, this);
            return new LoopCanceledException(reason);
        }

        from.Attention = IsAnythingPending(here);
        return null;
    }

    // From the inside out: the task's own scopes, the task itself, the scopes that it inherited. A shield ends the view, but for scopes that break shields.
    private bool IsCancellationVisible(TaskContext from, bool deliver, out string? reason)
    {
        bool found = false;
        bool shielded = false;
        reason = null;
        var scope = from.Scope;
        for (; scope is not null && ReferenceEquals(scope.Host, this); scope = scope.Parent)
        {
            if (scope.IsDue && (!shielded || scope.BreaksShields))
            {
                reason = found ? reason : scope.Reason;
                found = true;
                if (deliver)
                {
                    scope.MarkDelivered(++Core.Deliveries);
                }
            }

            shielded |= scope.Shield;
        }

        if (context.MustCancel && !shielded)
        {
            reason = found ? reason : Rare?.CancelReason;
            found = true;
            if (deliver)
            {
                context.MustCancel = false;
                Details.DeliveredAt = ++Core.Deliveries;
            }
        }

        for (; scope is not null; scope = scope.Parent)
        {
            if (scope.IsSeenByHeirs && (!shielded || scope.BreaksShields))
            {
                reason = found ? reason : scope.Reason;
                found = true;
            }

            shielded |= scope.Shield;
        }

        return found;
    }

    private bool IsAnythingPending(TaskContext from)
    {
        for (var scope = from.Scope; scope is not null; scope = scope.Parent)
        {
            if (ReferenceEquals(scope.Host, this) ? scope.IsDue : scope.IsSeenByHeirs)
            {
                return true;
            }
        }

        return context.MustCancel;
    }

    /// <summary>A request for this task as a whole waits for its delivery.</summary>
    internal bool IsCancellationPending => context.MustCancel;

    /// <summary>A request for this task as a whole was thrown or passed on since then, and not all of them were taken back.</summary>
    internal bool WasCancelledSince(long deliveries) => Rare is { } rare && rare.DeliveredAt > deliveries;

    /// <summary>Puts a delivered request back: it lands at the next wait.</summary>
    internal void RearmCancellation()
    {
        context.MustCancel = CancelRequests > 0;
        MarkAttention();
    }
}
