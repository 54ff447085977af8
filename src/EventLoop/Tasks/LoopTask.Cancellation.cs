using EventLoop.Cancellation;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// How a request to cancel reaches the waits of a task, and which of them see it.
public partial class LoopTask
{
    /// <summary>Whether its token has fired, or would have if anybody had asked for it.</summary>
    internal bool IsTokenFired => OwnRequests > 0 || context.Scope is { TokenFired: true };

    /// <summary>Whether it has a request for the task as a whole that no wait has thrown or passed on yet.</summary>
    internal bool HasUndeliveredRequest => context.MustCancel;

    /// <summary>The reason of the latest request.</summary>
    internal string? RequestReason => Rare?.CancelReason;

    internal override bool CancelCore(string? reason)
    {
        if (IsCompleted)
        {
            return false;
        }

        Details.OwnRequests++;
        if (reason is not null || Rare?.CancelReason is not null)
        {
            Details.CancelReason = reason;
        }

        context.MustCancel = true;
        context.Attention = true;
        if (CancelTrail.IsHeard(Core))
        {
            TellCanceled(CancelTrail.Current(Core, reason));
        }

        Core.CancelRounds.Run(this);
        return true;
    }

    /// <summary>Reports a request that has reached the task, or a scope that it is in.</summary>
    internal void TellCanceled(CancelTrail trail)
    {
        CancelTrail.Note(this, trail);
        Core.Instruments.TellCanceled(context, trail);
    }

    /// <summary>Joins the current round of cancellations; false if it is part of it already.</summary>
    internal bool EnterCancelRound() => !context.InCancelRound && (context.InCancelRound = true);

    /// <param name="since"><see cref="LoopState.Deliveries"/> when it joined.</param>
    internal void LeaveCancelRound(long since)
    {
        context.InCancelRound = false;
        if (WasCancelledSince(since))
        {
            context.MustCancel = false;      // several in this round await it, and all of their requests are the one that was delivered
        }

        if (OwnRequests > 0)
        {
            FireToken();
            Rare!.Scopes?.SpreadRequests();
        }
    }

    /// <summary>Counts a scope of its own that was cancelled, or is left.</summary>
    internal void CountScopeRequest(int difference)
    {
        if (difference > 0 || Rare is { ScopeRequests: > 0 })
        {
            Details.ScopeRequests += difference;
        }
    }

    internal void FireToken() => TokenSource?.Fire(Core);

    // Replaces tokens that fired for requests which have been taken back.
    internal void RenewTokens()
    {
        if (TokenSource is { IsCancellationRequested: true } source && !IsTokenFired)
        {
            source.End();
            Details.TokenSource = null;
        }

        Rare?.Scopes?.SpreadRequests();
    }

    /// <summary>Throws pending cancellations into the waits that see them.</summary>
    internal void InterruptWaits()
    {
        if (!IsCompleted)
        {
            var contexts = new List<TaskContext> { context };
            Rare?.Scopes?.CollectInside(null, contexts);
            Interruption.Run(contexts);
        }
    }

    /// <summary>Called when a wait for a foreign awaitable has begun in <paramref name="from"/>, where a cancellation may be pending.</summary>
    internal void OnForeignWaitBegun(LoopContext from)
    {
        var here = (TaskContext)from;
        ExpireOverdue(here);
        if (SeesCancellation(here, out _))
        {
            this.ScheduleInterruption();
        }
        else if (ReferenceEquals(here, context))
        {
            here.Attention = false;
        }
    }

    /// <summary>Whether a wait has thrown a request for this task as a whole into its code.</summary>
    private bool WasCancellationThrown => Rare?.DeliveredBy is { } by && (ReferenceEquals(by, this) || by.IsCanceled);

    /// <summary>Whether somebody was given a token that reports the cancellation which code in <paramref name="from"/> sees.</summary>
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

    private void ExpireOverdue(TaskContext here)
    {
        if (!ReferenceEquals(here, context) && Rare!.Scopes is { HasOverdue: true } scopes)
        {
            scopes.ExpireOverdue();
        }
    }

    /// <summary>Called when a wait begins in <paramref name="from"/>: the cancellation that it has to throw instead, or null.</summary>
    internal LoopCanceledException? TakeCancellation(LoopContext from)
    {
        var here = (TaskContext)from;
        ExpireOverdue(here);
        if (SeesCancellation(here, out string? reason))
        {
            MarkDelivered(here, this);
            return new LoopCanceledException(reason);
        }

        if (ReferenceEquals(here, context))
        {
            here.Attention = false;
        }

        return null;
    }

    /// <summary>Looks from the inside out: the task's own scopes, the task itself, the scopes that it inherited. Shields hold off what is further
    /// out.</summary>
    /// <param name="from">The place to look from.</param>
    /// <param name="reason">That of the innermost one.</param>
    internal bool SeesCancellation(TaskContext from, out string? reason)
    {
        var scope = from.Scope;
        bool asked = context.MustCancel;
        Scope? edge = null;
        if (!ReferenceEquals(from, context))
        {
            var scopes = Rare!.Scopes!;
            edge = scopes.HasDue ? scopes.FindDue(scope!) : null;
            asked = asked && scope!.ShieldDepth == 0;
        }

        var cause = scope?.Cause;
        bool ownCause = cause is not null && ReferenceEquals(cause.Host, this);
        reason = edge is not null && !(ownCause && cause!.Depth > edge.Depth) ? edge.Reason
            : asked && !ownCause ? Rare!.CancelReason
            : cause?.Reason;
        return asked || edge is not null || cause is not null;
    }

    /// <summary>Notes that a wait has thrown, or passed on, everything that is visible there.</summary>
    /// <param name="from">Where the wait stands.</param>
    /// <param name="by">This task, or what it awaits, which throws the cancellation if it ends that way.</param>
    internal void MarkDelivered(TaskContext from, LoopAwaitable by)
    {
        bool outermost = ReferenceEquals(from, context);
        if (context.MustCancel && (outermost || from.Scope!.ShieldDepth == 0))
        {
            context.MustCancel = false;
            Details.DeliveredAt = ++Core.Deliveries;
            Details.DeliveredBy = by;
        }

        if (!outermost && Rare!.Scopes is { HasDue: true } scopes)
        {
            scopes.MarkSeenDelivered(from.Scope!);
        }
    }

    /// <summary>Whether a request for the task as a whole was thrown or passed on since then, and not all of them were taken back.</summary>
    internal bool WasCancelledSince(long deliveries) => Rare is { } rare && rare.DeliveredAt > deliveries;

    /// <summary>Puts a delivered request back: it is delivered again at the next wait.</summary>
    internal void RearmCancellation()
    {
        context.MustCancel = OwnRequests > 0;
        context.Attention = true;
    }
}
