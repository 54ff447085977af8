using EventLoop.Scheduling;

namespace EventLoop.Tasks;

// How a scope is cancelled: by hand, by its deadline, by a grace that ends; and who learns of it.
internal sealed partial class Scope
{
    internal override bool IsAlarm => true;

    internal override void OnDue(LoopCore core) => Expire();

    // One that was due when it was entered; its body may have moved the deadline since.
    internal override void Execute()
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
            Cancel("deadline passed");
        }
    }

    internal void Cancel(string? reason, TimeSpan? grace = null)
    {
        if (left)
        {
            return;
        }

        bool first = !Cancelled;
        var core = Core ?? LoopCore.Running;
        if (first)
        {
            Cancelled = true;
            Reason = reason;
            cancelledAt = core?.Clock.Now;
            core?.Timers.Remove(this);
            cancelled?.Invoke();
        }

        if (grace is { } time && !BreaksShields)
        {
            if (core is not null)
            {
                EndShieldsAfter(core, time);
            }
            else if (graceFromEntry is not { } earlier || time < earlier)
            {
                graceFromEntry = time;
            }
        }

        if (entered)
        {
            Interrupt();
        }

        if (first)
        {
            FireToken();
        }
    }

    // Counted from the first cancellation, however late the grace is given; the shortest counts.
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
            shieldsEnd = new Alarm(BreakShields);
            shieldsEnd.Start(core, TimeSpan.FromTicks(end - now));
        }
    }

    private void BreakShields()
    {
        if (!left)
        {
            BreaksShields = true;
            if (entered)
            {
                Interrupt();
            }
        }
    }

    // Wakes everyone who waits inside and sees it.
    private void Interrupt()
    {
        inner!.Attention = true;
        var affected = new List<LoopTask> { Host! };
        MarkNested(affected);
        foreach (var task in affected)
        {
            task.InterruptWaits();
        }
    }

    private void MarkNested(List<LoopTask>? affected = null)
    {
        var scopes = new Stack<Scope>();
        scopes.Push(this);
        while (scopes.TryPop(out var scope))
        {
            scope.inner!.Attention = true;
            if (affected is not null && !affected.Contains(scope.Host!))
            {
                affected.Add(scope.Host!);
            }

            foreach (var member in scope.members ?? [])
            {
                member.MarkAttention();
                affected?.Add(member);
            }

            foreach (var child in scope.nested ?? [])
            {
                scopes.Push(child);
            }
        }
    }

    /// <summary>A level-triggered scope as a task sees it that inherited it.</summary>
    internal bool IsSeenByHeirs => level && Cancelled;

    /// <summary>A cancellation that the host's next wait inside has to throw.</summary>
    internal bool IsDue => Cancelled && (level || deliveredAt == 0);

    internal void MarkDelivered(long delivery) => deliveredAt = delivery;

    /// <summary>Puts back what was delivered inside this scope for those around it: a group reported its failures first, and the cancellation lands at the next wait.</summary>
    internal void RearmOuter()
    {
        for (var scope = Parent; scope is not null && ReferenceEquals(scope.Host, Host); scope = scope.Parent)
        {
            if (!scope.level && scope.deliveredAt > enteredAt)
            {
                scope.deliveredAt = 0;
                scope.inner!.Attention = true;
                scope.MarkNested();
            }
        }

        if (Host!.WasCancelledSince(enteredAt))
        {
            Host.RearmCancellation();
        }
    }
}
