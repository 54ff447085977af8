using EventLoop.Diagnostics;

namespace EventLoop.Scheduling;

/// <summary>What became of a request to give up a wait.</summary>
internal enum AbortResult
{
    /// <summary>The wait is off; whoever asked wakes the node with the cancellation.</summary>
    GivenUp,

    /// <summary>The request went on to what is awaited; the waiter stays and learns of it from there.</summary>
    PassedOn,

    /// <summary>This wait cannot be interrupted; the request stays pending and lands at the next one.</summary>
    Refused,
}

/// <summary>What a parked node waits for.</summary>
internal interface IWaitTarget
{
    /// <summary>Takes <paramref name="node"/> out of the target's books, so that no wake-up is spent on it.</summary>
    AbortResult Abort(WaitNode node, string? reason);

    /// <summary>The loop of <paramref name="node"/> is being closed, and nothing will ever wake it: takes it out for
    /// good. For what outlives a loop and would give to the dead.</summary>
    void Leave(WaitNode node) { }

    /// <summary>For the live view: "sleep", "task 'fetch'", "lock"...</summary>
    string Describe(WaitNode node);

    /// <summary>What kind of thing it is. Any thread, as all that describes.</summary>
    WaitKind Kind => WaitKind.Other;

    /// <summary>The object behind the wait, which others may wait for as well: the lock, the queue, the awaited task. Null: there is none.</summary>
    object? Resource => null;

    /// <summary>What <see cref="Describe"/> says without all that differs from one wait of its kind to the next; null: nothing of it differs.</summary>
    string? Gist => null;

    /// <summary>For reports of deadlocks: the tasks that have to do something before this wait can end, where that is known.</summary>
    void CollectBlockers(WaitNode node, List<IStepOwner> blockers) { }
}
