using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>
/// The one mechanism behind <see cref="CancelScope"/>, <see cref="TimeoutScope"/> and <see cref="TaskGroup"/>: a stretch of a task's code that can be
/// cancelled apart from the rest of it.
/// </summary>
/// <remarks>
/// <para>A <em>level-triggered</em> scope, once cancelled, is seen by every wait inside it, also in the tasks of groups that were started in it. An
/// <em>edge-triggered</em> one interrupts its own task once.</para>
/// <para>Whether a scope may absorb an exception is decided by what was delivered and by what else is cancelled around it, never by the exception's type alone:
/// C# code catches and rethrows, and several cancellations can meet in one wait.</para>
/// Loop thread only.
/// </remarks>
internal sealed partial class Scope : LoopItem
{
    private readonly Action? cancelled;       // told once, before anyone is interrupted
    private readonly bool level;

    private LoopContext? outer;
    private ScopedContext? inner;
    private List<Scope>? nested;
    private List<LoopTask>? members;          // tasks that inherited this scope
    private LinkedTokenSource? source;
    private Alarm? shieldsEnd;
    private long shieldsEndAt;
    private long? cancelledAt;          // in ticks of loop time; null: not, or where no loop runs
    private TimeSpan? graceFromEntry;   // given where no loop runs
    private bool shield;
    private long deliveredAt;           // on the scale of LoopCore.Deliveries; zero: not yet
    private long enteredAt;
    private bool entered;
    private bool left;
    private int requestsAtEntry;
    private bool pendingAtEntry;
    private long? deadline;

    internal Scope(bool level, Action? cancelled = null)
    {
        this.level = level;
        this.cancelled = cancelled;
    }

    internal LoopTask? Host { get; private set; }

    internal Scope? Parent { get; private set; }

    internal string? Reason { get; private set; }

    internal bool Cancelled { get; private set; }

    /// <summary>Cancelled with a grace that is over: shields inside it no longer hold it off.</summary>
    internal bool BreaksShields { get; private set; }

    internal bool Entered => entered;

    internal bool Left => left;

    internal LoopCore? Core => inner?.Core;

    /// <summary>Holds off whatever is cancelled around it.</summary>
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
            if (!IsOpen)
            {
                return;
            }

            if (!value)
            {
                Interrupt();
            }

            source?.LinkTo(OuterSource, Core);
        }
    }

    private bool IsOpen => entered && !left;

    /// <summary>In ticks of loop time. A deadline in the past takes effect at the next wait.</summary>
    internal long? Deadline
    {
        get => deadline;
        set
        {
            deadline = value;
            if (IsOpen && !Cancelled)
            {
                inner!.Core.Timers.Remove(this);
                if (value is { } due && due != LoopClock.Never)
                {
                    if (due <= inner.Core.Clock.Now)
                    {
                        Cancel("deadline passed");
                    }
                    else
                    {
                        inner.Core.Timers.Add(due, this);
                    }
                }
            }
        }
    }

    /// <summary>Linked outwards up to the first shield, and to the task.</summary>
    /// <param name="isForOthers">Somebody other than the library gets it.</param>
    internal CancellationToken GetToken(bool isForOthers)
    {
        if (left && source is null)
        {
            return new CancellationToken(Cancelled);
        }

        return Source.HandOut(isForOthers);
    }

    /// <summary>Somebody was given its token, and it has fired.</summary>
    internal bool HasTokenOut => source is { IsHandedOut: true, IsCancellationRequested: true };

    private LinkedTokenSource Source
    {
        get
        {
            if (source is null)
            {
                source = new LinkedTokenSource();
                if (Cancelled)
                {
                    source.Cancel();
                }

                source.LinkTo(OuterSource, Core);
            }

            return source;
        }
    }

    /// <summary>What was cancelled around it may not be any more: who asks for the token again gets a new one.</summary>
    internal void RenewToken()
    {
        if (!Cancelled && source is { IsCancellationRequested: true } && OuterSource is not { IsCancellationRequested: true })
        {
            source.End();
            source = null;
        }
    }

    /// <summary>For tasks that inherited this scope; one that has been left and was never asked has none.</summary>
    internal LinkedTokenSource? SourceForHeirs => left ? source : Source;

    private LinkedTokenSource? OuterSource => shield || Host is null ? null : ParentInTask is { } parent ? parent.Source : Host.Source;

    private Scope? ParentInTask => Parent is { } parent && ReferenceEquals(parent.Host, Host) ? parent : null;

    private void FireToken() => source?.Fire(Core ?? LoopCore.Running);

    // ---- In and out

    /// <summary>Code that runs from here on, until <see cref="Leave"/>, is inside the scope.</summary>
    internal void Enter(string member)
    {
        var core = LoopCore.Required;
        if (core.Current is not TaskContext context)
        {
            Throw.NoCurrentTask(member);
            return;
        }

        if (entered)
        {
            throw new InvalidOperationException($"A {member} scope is entered once. Make a new one.");
        }

        var task = context.Task;
        entered = true;
        outer = context;
        Host = task;
        Parent = context.Scope;
        requestsAtEntry = task.CancelRequests;
        pendingAtEntry = task.IsCancellationPending;
        enteredAt = core.Deliveries;
        Parent?.Adopt(this);
        inner = new ScopedContext(core, task, this) { Attention = context.Attention || Cancelled };
        task.ScopeContexts = [.. task.ScopeContexts, inner];
        core.Install(inner);
        if (graceFromEntry is { } grace)
        {
            EndShieldsAfter(core, grace);
        }

        if (deadline is { } due && due != LoopClock.Never && !Cancelled)
        {
            if (due <= core.Clock.Now)
            {
                core.Ready.Enqueue(this);      // what is done already is taken first
            }
            else
            {
                core.Timers.Add(due, this);
            }
        }

        // A token that was asked for before the scope had a place learns of the cancellations around it now.
        source?.LinkTo(OuterSource, Core);
    }

    internal void Leave()
    {
        left = true;
        var core = inner!.Core;
        core.Timers.Remove(this);
        shieldsEnd?.Stop();
        Parent?.nested?.Remove(this);
        Host!.ScopeContexts = Array.FindAll(Host.ScopeContexts, each => !ReferenceEquals(each, inner));
        core.Install(outer);
        source?.End();
        source = null;
    }

    /// <summary>Whether an exception that leaves the body is this scope's own cancellation and nobody else's.</summary>
    internal bool Absorbs(Exception exception)
    {
        if (!Cancelled || !IsOwn(exception))
        {
            return false;
        }

        if (shield)
        {
            return true;
        }

        // The count decides; but a request from before that had not been delivered yet does not show in it.
        if (Host!.CancelRequests > requestsAtEntry || (pendingAtEntry && Host.WasCancelledSince(enteredAt)))
        {
            return false;
        }

        for (var scope = Parent; scope is not null; scope = scope.Parent)
        {
            // What an edge-triggered scope delivered before this one was entered is over: this may be its cleanup.
            bool isHosts = ReferenceEquals(scope.Host, Host);
            bool pending = scope.level || (isHosts && (scope.deliveredAt == 0 || scope.deliveredAt > enteredAt));
            if (scope.Cancelled && pending)
            {
                // From here on the exception is that scope's. No wait has thrown for it yet, when it was cancelled by cleanup code: this delivers it.
                if (isHosts && scope.deliveredAt == 0)
                {
                    scope.MarkDelivered(++inner!.Core.Deliveries);
                }

                return false;
            }

            if (scope.shield)
            {
                break;
            }
        }

        return true;
    }

    /// <summary>It is seen as cancelled by a task that inherited it: it is itself, or one around it down to the first shield.</summary>
    internal bool IsSeenCancelled
    {
        get
        {
            for (var scope = this; scope is not null; scope = scope.shield ? null : scope.Parent)
            {
                if (scope.IsSeenByHeirs)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>A scope around this one is cancelled, down to the first shield, or the task is.</summary>
    internal bool IsCancelledAround
    {
        get
        {
            for (var scope = this; !scope.shield && scope.Parent is { } parent; scope = parent)
            {
                if (parent.Cancelled)
                {
                    return true;
                }
            }

            return Host!.CancelRequests > 0;
        }
    }

    // Once it is cancelled, by whichever token.
    private bool IsOwn(Exception exception) => exception is LoopCanceledException ? deliveredAt != 0 : inner!.Core.Loop.IsCancellation(exception);

    // ---- Heirs

    private void Adopt(Scope child) => (nested ??= []).Add(child);

    internal void AddMember(LoopTask task) => (members ??= []).Add(task);

    internal void RemoveMember(LoopTask task) => members?.Remove(task);
}
