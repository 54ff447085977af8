using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Cancellation;

/// <summary>
/// The single mechanism behind <see cref="CancelScope"/>, <see cref="TimeoutScope"/> and <see cref="TaskGroup"/>: a section of a task's code that can be
/// cancelled separately.
/// </summary>
/// <remarks>
/// <para>A <em>level-triggered</em> scope, once cancelled, is seen by every wait inside it, also in tasks of groups that were started in it. An
/// <em>edge-triggered</em> one interrupts its own task once.</para>
/// <para>This file has what a scope knows about itself: its place, its deadline, whether it is cancelled. What it sees of the scopes around it is in
/// Scope.View.cs, how a cancellation spreads in Scope.Cancelling.cs. docs/architecture.md has the whole picture.</para>
/// Loop thread only.
/// </remarks>
internal sealed partial class Scope : LoopItem
{
    private readonly bool level;
    private readonly Action? delivered;

    private LoopContext? outer;
    private ScopedContext? inner;
    private bool shield;
    private bool left;
    private bool pendingAtEntry;
    private int requestsAtEntry;
    private long enteredAt;             // on the scale of LoopState.Deliveries
    private long? deadline;
    private TokenListener? listener;

    /// <param name="level">Whether it is level-triggered.</param>
    /// <param name="delivered">Called when an edge-triggered scope has interrupted its task, or is about to.</param>
    internal Scope(bool level, Action? delivered = null)
    {
        this.level = level;
        this.delivered = delivered;
        jump = this;
    }

    /// <summary>The group's name, if one was given.</summary>
    internal string? Name { get; init; }

    /// <summary>The type that users know it as.</summary>
    internal string Kind => level ? nameof(CancelScope) : Heirs is null ? "Timeout" : nameof(TaskGroup);

    /// <summary>Whether every wait inside sees its cancellation, not only one.</summary>
    internal bool IsLevel => level;

    internal LoopTask? Host { get; private set; }

    /// <summary>The scope around it: one of its host's own, or the one that its host inherited.</summary>
    internal Scope? Parent { get; private set; }

    internal string? Reason { get; private set; }

    internal bool Cancelled { get; private set; }

    /// <summary>Whether its first cancellation came from <see cref="OutsideToken"/>.</summary>
    internal bool CancelledByToken { get; private set; }

    /// <summary>A token that cancels it, from any thread; set before it is entered.</summary>
    internal CancellationToken OutsideToken { get; set; }

    internal bool Entered => inner is not null;

    internal bool Left => left;

    internal LoopCore? Core => inner?.Core;

    /// <summary>Whether it holds off cancellations around it.</summary>
    internal bool Shield
    {
        get => shield;
        set
        {
            if (shield == value)
            {
                return;
            }

            shield = value;
            if (IsOpen)
            {
                Host!.OwnScopes.ShieldChanges++;
                Spread(interrupts: MayShowMore());
            }
        }
    }

    // Whether code inside may now see an edge-triggered scope, or a request, that this shield has held off: not if the next scope outwards holds it off as
    // well.
    private bool MayShowMore() => !shield && (Host!.HasUndeliveredRequest || Host.OwnScopes.HasDue) && ParentInTask is not { shield: true, IsDue: false };

    /// <summary>In ticks of loop time. A deadline in the past takes effect at the next wait, and until then it may be moved again.</summary>
    internal long? Deadline
    {
        get => deadline;
        set
        {
            deadline = value;
            if (!IsOpen || Cancelled)
            {
                return;
            }

            var core = inner!.Core;
            core.Timers.Remove(this);
            if (value is not { } due || due == LoopClock.Never)
            {
                return;
            }

            if (due > core.Clock.Now)
            {
                core.Timers.Add(due, this);
                return;
            }

            Host!.OwnScopes.NoteOverdue(this);
            core.Ready.Enqueue(this);          // its task may already be waiting
        }
    }

    private bool IsOpen => Entered && !left;

    internal Scope? ParentInTask => Parent is { } parent && ReferenceEquals(parent.Host, Host) ? parent : null;

    // ---- Entering and leaving

    /// <summary>Puts the code that runs from here on, until <see cref="Leave"/>, inside the scope.</summary>
    internal void Enter(string member)
    {
        var core = LoopCore.Required;
        if (core.Current is not TaskContext context)
        {
            Throw.NoCurrentTask(member);
            return;
        }

        if (Entered)
        {
            throw new InvalidOperationException($"A {member} scope is entered once. Make a new one.");
        }

        var task = context.Task;
        outer = context;
        Host = task;
        Parent = context.Scope;
        requestsAtEntry = task.OwnRequests;
        pendingAtEntry = task.HasUndeliveredRequest;
        enteredAt = core.Deliveries;
        inner = new ScopedContext(core, task, this);
        TakePlace();
        task.OwnScopes.Add(inner);
        core.Install(inner);
        if (Cancelled)
        {
            NoteWithHost();
        }

        if (graceFromEntry is { } grace)
        {
            EndShieldsAfter(core, grace);
        }

        if (deadline is { } due && due != LoopClock.Never && !Cancelled)
        {
            if (due <= core.Clock.Now)
            {
                core.Ready.Enqueue(this);      // what has completed is taken first
            }
            else
            {
                core.Timers.Add(due, this);
            }
        }

        // What asked for its token before it had a place is notified of the cancellations around it now.
        if (Refresh(out _, out bool fired) && fired)
        {
            FireToken();
        }
        else if (TokenFired)
        {
            StartCallbacks();
        }

        if (OutsideToken.CanBeCanceled)
        {
            listener = new TokenListener(core, this);
        }
    }

    internal void Leave()
    {
        left = true;
        var core = inner!.Core;
        core.Timers.Remove(this);
        listener?.Stop();
        shieldsEnd?.Stop();
        Host!.OwnScopes.Remove(inner);
        ForgetWithHost();
        GiveUpPlace();
        core.Install(outer);
        EndTokens();
    }

    /// <param name="requests">Those that its host still has.</param>
    internal void NoteTakenBack(int requests) => requestsAtEntry = Math.Min(requestsAtEntry, requests);

    // ---- Whose exception it is

    /// <summary>Whether an exception that leaves the body is this scope's own cancellation and nobody else's.</summary>
    internal bool Absorbs(Exception exception)
    {
        // Once it is cancelled, any cancellation counts as its own, whichever token it carries; before that, none does.
        if (!Cancelled || !inner!.Core.Loop.IsCancellation(exception))
        {
            return false;
        }

        if (shield)
        {
            return true;
        }

        // The count decides; but it does not show a request from before that had not been delivered yet.
        var host = Host!;
        if (host.OwnRequests > requestsAtEntry || (pendingAtEntry && host.WasCancelledSince(enteredAt)))
        {
            return false;
        }

        host.OwnScopes.ExpireOverdue();
        if (Parent is { Strength: not CancelStrength.None })
        {
            return false;
        }

        // What an edge-triggered scope delivered before this one was entered is over: this may be its cleanup.
        if (ParentInTask is not { } parent || host.OwnScopes.FindEdge(parent, enteredAt) is not { } edge)
        {
            return true;
        }

        // From here on the exception is that scope's. If it was cancelled by cleanup code, no wait has thrown for it yet: this delivers it.
        if (edge.IsDue)
        {
            host.OwnScopes.MarkDelivered(edge);
        }

        return false;
    }

    /// <summary>Puts back what was delivered inside this scope for those around it: a group has reported its failures first, and the cancellation is delivered
    /// at the next wait.</summary>
    internal void RearmOuter()
    {
        var host = Host!;
        if (ParentInTask is { } parent)
        {
            host.OwnScopes.Rearm(parent, enteredAt);
        }

        if (host.WasCancelledSince(enteredAt))
        {
            host.RearmCancellation();
        }
    }

    /// <summary>Whether anything around it is cancelled, up to the next shield: its task, or a scope that it is in.</summary>
    internal bool IsCancelledAround => !shield && IsOuterCancelled;
}
