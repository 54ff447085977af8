using EventLoop.Cancellation;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>What most tasks and futures never need; made on demand, so that the many stay slim.</summary>
internal sealed class AwaitableDetails
{
    /// <summary>What the awaitable itself holds as long as it has no details.</summary>
    internal volatile object? Outcome;

    /// <summary>Those that wait for it; a single one the awaitable holds itself as long as it has no details.</summary>
    internal WaiterQueue Waiters;

    /// <summary>Whether others than done callbacks have stood among them.</summary>
    internal bool HasHadAwaiters;

    internal string? Name;
    internal string? CreatedAt;

    /// <summary>Who made it, and when it took its last step, in ticks of loop time: noted in debug mode and in loops for tests.</summary>
    internal string? CreatedBy;
    internal long LastStep;
    internal string? CancelReason;

    /// <summary>Requests for the task as a whole, and those of its scopes, which last until they are left.</summary>
    internal int OwnRequests;
    internal int ScopeRequests;

    /// <summary>When the task's own cancellation was delivered last, on the scale of
    /// <see cref="LoopState.Deliveries"/>; zero when no request is left.</summary>
    internal long DeliveredAt;

    /// <summary>Where the delivered cancellation comes from: the task itself, whose wait threw it, or what it awaited, to which it was passed on.</summary>
    internal LoopAwaitable? DeliveredBy;

    /// <summary>Of those among <see cref="Waiters"/>, once one was taken back.</summary>
    internal DoneCallbackIndex? DoneCallbacks;

    /// <summary>Whether a gather that has thrown already had waited for it: its failure counts as looked at.</summary>
    internal bool IsAskedFor;

    internal CancelTokenSource? TokenSource;

    /// <summary>The scopes that the task is in now.</summary>
    internal TaskScopes? Scopes;

    /// <summary>The innermost scope of others that it was started in.</summary>
    internal Scope? InheritedScope;

    internal ITaskOwner? Owner;

    /// <summary>What the task has done, while somebody counts.</summary>
    internal TaskCounts? Counts;

    /// <summary>Whether nobody has a handle on it: its failure is reported when it ends.</summary>
    internal bool Detached;

    /// <summary>Whether it stands for a .NET task.</summary>
    internal bool Foreign;

    /// <summary>Whether that task is work in an executor.</summary>
    internal bool Work;
}
