using EventLoop.Cancellation;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>State that most tasks and futures never need; made on demand, so that these stay small.</summary>
internal sealed class AwaitableDetails
{
    /// <summary>What the awaitable itself holds as long as it has no details.</summary>
    internal volatile object? Outcome;

    /// <summary>The nodes that wait for it; a single one is held by the awaitable itself as long as it has no details.</summary>
    internal WaiterQueue Waiters;

    /// <summary>Whether anything other than done callbacks has ever been among them.</summary>
    internal bool HasHadAwaiters;

    internal string? Name;
    internal string? CreatedAt;

    /// <summary>The task that made it, recorded in debug mode and in loops for tests; likewise its last step, in ticks of loop time.</summary>
    internal string? CreatedBy;
    internal long LastStep;
    internal string? CancelReason;

    /// <summary>Requests for the task as a whole; beside them those of its scopes, which count until these are left.</summary>
    internal int OwnRequests;
    internal int ScopeRequests;

    /// <summary>When the task's own cancellation was delivered last, on the scale of
    /// <see cref="LoopState.Deliveries"/>; zero when no request is left.</summary>
    internal long DeliveredAt;

    /// <summary>Who delivered the cancellation: the task itself, whose wait threw it, or what it awaited, to which it was passed on.</summary>
    internal LoopAwaitable? DeliveredBy;

    /// <summary>The done callbacks among <see cref="Waiters"/>; made once one is removed.</summary>
    internal DoneCallbackIndex? DoneCallbacks;

    /// <summary>Whether a gather that has thrown already had waited for it, so that its failure counts as retrieved.</summary>
    internal bool IsAskedFor;

    internal CancelTokenSource? TokenSource;

    /// <summary>The scopes that the task is in.</summary>
    internal TaskScopes? Scopes;

    /// <summary>What the task has done, if somebody counts.</summary>
    internal TaskCounts? Counts;

    /// <summary>Whether it stands for a .NET task.</summary>
    internal bool Foreign;

    /// <summary>Whether that .NET task is work in an executor.</summary>
    internal bool Work;
}
