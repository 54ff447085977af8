using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Cancellation;

// How a scope is cancelled: by hand, by its deadline, by an outside token, by the end of a grace period; and who is notified.
internal sealed partial class Scope
{
    private InternalTimer? shieldsEnd;
    private long shieldsEndAt;
    private long? cancelledAt;          // in ticks of loop time; null: not cancelled, or cancelled where no loop runs
    private TimeSpan? graceFromEntry;   // given where no loop runs
    private bool noted;

    /// <summary>Whether it was cancelled with a grace period that is over, so that shields inside it no longer hold it off.</summary>
    internal bool BreaksShields { get; private set; }

    /// <summary>Whether it is a cancelled edge-triggered scope that has not interrupted its task yet.</summary>
    internal bool IsDue => Cancelled && !level && DeliveredAt == 0;

    /// <summary>Whether it is a cancelled edge-triggered scope that had not interrupted its task before then.</summary>
    internal bool IsDueSince(long deliveries) => Cancelled && !level && (DeliveredAt == 0 || DeliveredAt > deliveries);

    /// <summary>When an edge-triggered scope interrupted its task, on the scale of <see cref="LoopState.Deliveries"/>; zero: not yet.</summary>
    internal long DeliveredAt { get; private set; }

    internal void NoteDelivery(long delivery)
    {
        DeliveredAt = delivery;
        if (delivery != 0)
        {
            delivered?.Invoke();
        }
    }

    /// <summary>Where <see cref="TaskScopes"/> keeps it.</summary>
    internal LinkedListNode<Scope>? CancelledPlace { get; set; }

    internal override bool IsAlarm => true;

    internal override void OnDue(LoopCore core) => Expire();

    // It was due when it was entered, or its deadline was moved into the past; it may have been moved again since.
    internal override void Execute() => ExpireIfOverdue();

    internal void ExpireIfOverdue()
    {
        if (deadline is { } due && due <= Core!.Clock.Now)
        {
            Expire();
        }
    }

    private void Expire()
    {
        if (!left && !Cancelled)
        {
            byDeadline = true;
            Cancel("deadline passed");
        }
    }

    /// <summary>Cancels it because the outside token that it was given has fired.</summary>
    internal void CancelByToken()
    {
        CancelledByToken |= IsOpen && !Cancelled;
        Cancel("the token that was given to it was cancelled");
    }

    internal void Cancel(string? reason, TimeSpan? grace = null)
    {
        if (left)
        {
            return;
        }

        var core = Core ?? LoopCore.Running;
        bool changed = !Cancelled;
        if (changed)
        {
            Cancelled = true;
            Reason = reason;
            cancelledAt = core?.Clock.Now;
            core?.Timers.Remove(this);
        }

        if (grace is { } time && !BreaksShields)
        {
            if (core is not null)
            {
                EndShieldsAfter(core, time);
                changed |= BreaksShields;
            }
            else if (graceFromEntry is not { } earlier || time < earlier)
            {
                graceFromEntry = time;
            }
        }

        if (!changed)
        {
            return;
        }

        if (!Entered)
        {
            TokenFired = true;
            FireToken();
            return;
        }

        using (new CancelTrail.Under(core!, TellCanceled(core!)))
        {
            NoteWithHost();
            Spread();
        }
    }

    // For a group's own scope the group has reported that.
    private CancelTrail? TellCanceled(LoopCore core)
    {
        if (!CancelTrail.IsHeard(core))
        {
            return null;
        }

        var trail = Heirs is not null ? CancelTrail.Current(core, Reason)
            : byDeadline ? new CancelTrail(level ? "cancel scope" : "timeout", Host!.Id, Reason, core.Clock.Now, null)
            : (CancelledByToken ? new CancelTrail("token", null, null, core.Clock.Now, null) : CancelTrail.Current(core, Reason)).Then(core, level
                ? "cancel scope" : "timeout", Host!.Id, Reason);
        CancelTrail.Note(this, trail);
        if (!trail.Continues(CancelTrail.Of(Host!)))
        {
            Host!.TellCanceled(trail);
        }

        return trail;
    }

    private bool byDeadline;

    // For its host it counts as one request to cancel, until it is left.
    private void NoteWithHost()
    {
        if (!noted)
        {
            noted = true;
            Host!.CountScopeRequest(1);
            if (!level)
            {
                Host.OwnScopes.NoteDue(this);
            }
        }
    }

    private void ForgetWithHost()
    {
        if (noted)
        {
            Host!.CountScopeRequest(-1);
            TaskScopes.Forget(this);
        }
    }

    // Counted from the first cancellation, however late the grace is given; the shortest grace counts.
    private void EndShieldsAfter(LoopCore core, TimeSpan grace)
    {
        long now = core.Clock.Now;
        long from = cancelledAt ??= now;
        long end = LoopClock.Add(from, grace.Ticks);
        if (end <= now)
        {
            BreaksShields = true;
        }
        else if (shieldsEnd is null || end < shieldsEndAt)
        {
            shieldsEnd?.Stop();
            shieldsEndAt = end;
            shieldsEnd = new InternalTimer(BreakShields);
            shieldsEnd.Start(core, TimeSpan.FromTicks(end - now));
        }
    }

    private void BreakShields()
    {
        if (!left)
        {
            BreaksShields = true;
            if (Entered)
            {
                Spread();
            }
        }
    }

    /// <summary>Passes on inwards what has changed here, wakes waits inside that see it, then fires the tokens: first those of other tasks, which use what the
    /// host owns.</summary>
    /// <param name="interrupts">Whether waits are also woken that see an edge-triggered scope or a request, which only the host sees.</param>
    internal void Spread(bool interrupts = true)
    {
        var heirs = new List<TaskContext>();
        var own = new List<TaskContext>();
        var fired = new List<Scope>();
        var firedTasks = new List<LoopTask>();
        var calmed = new List<LoopTask>();
        var next = new Stack<Scope>();
        next.Push(this);
        while (next.TryPop(out var scope))
        {
            bool wasFired = scope.TokenFired;
            if (!scope.Refresh(out bool rose, out bool fires))
            {
                continue;
            }

            bool isCalm = wasFired && !scope.TokenFired;

            if (rose && scope.inner!.Waits)
            {
                (ReferenceEquals(scope.Host, Host) ? own : heirs).Add(scope.inner);
            }

            if (fires && scope.IsListenedTo)
            {
                fired.Add(scope);
            }

            foreach (var nested in scope.Nested)
            {
                if ((rose || fires) && nested.Heirs is { Count: > 0 } tasks)
                {
                    Tell(tasks, rose, heirs, firedTasks);
                }
                else if (isCalm && nested.Heirs is { } calm)
                {
                    calmed.AddRange(calm);
                }

                next.Push(nested);
            }
        }

        if (interrupts && (!level || !Cancelled))
        {
            // Including what only the host sees: edge-triggered scopes, and requests for the task.
            own.Clear();
            Host!.OwnScopes.CollectInside(this, own);
        }

        Interruption.Run(heirs);
        Interruption.Run(own);
        foreach (var scope in fired)
        {
            scope.FireToken();
        }

        foreach (var task in firedTasks)
        {
            task.FireToken();
        }

        foreach (var task in calmed)
        {
            task.RenewTokens();
        }
    }

    private static void Tell(IReadOnlyCollection<LoopTask> tasks, bool rose, List<TaskContext> waiting, List<LoopTask> fired)
    {
        foreach (var task in tasks.OrderBy(static task => task.Id))
        {
            if (rose)
            {
                if (task.Core.Trail is CancelTrail trail && CancelTrail.IsHeard(task.Core))
                {
                    task.TellCanceled(trail);
                }

                task.Context.Attention = true;
                waiting.Add((TaskContext)task.Context);
            }

            fired.Add(task);
        }
    }
}
