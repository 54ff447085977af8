using EventLoop.Diagnostics;

namespace EventLoop.Scheduling;

/// <summary>The result of a request to give up a wait.</summary>
internal enum AbortResult
{
    /// <summary>The wait is given up; the caller wakes the node with the cancellation.</summary>
    GivenUp,

    /// <summary>The request was passed on to what is awaited; the waiter stays and is notified from there.</summary>
    PassedOn,

    /// <summary>This wait cannot be interrupted; the request stays pending and is delivered at the next one.</summary>
    Refused,
}

/// <summary>What has to come of those that a wait waits for.</summary>
internal enum BlockersNeeded
{
    /// <summary>It cannot end while one of them is stuck.</summary>
    All,

    /// <summary>One of them suffices.</summary>
    Any,

    /// <summary>It ends by itself.</summary>
    Nothing,
}

/// <summary>What a parked node waits for.</summary>
internal interface IWaitTarget
{
    /// <summary>Removes <paramref name="node"/> from the target's queues, so that no wake-up is spent on it.</summary>
    AbortResult Abort(WaitNode node, string? reason);

    /// <summary>The loop of <paramref name="node"/> is being closed, and nothing will ever wake it: removes it permanently. For targets that outlive a loop
    /// and would give something to a dead waiter.</summary>
    void Leave(WaitNode node) { }

    /// <summary>For the live view: "sleep", "task 'fetch'", "lock"...</summary>
    string Describe(WaitNode node);

    /// <summary>The kind of wait. Any thread, like everything that describes.</summary>
    WaitKind Kind => WaitKind.Other;

    /// <summary>The object behind the wait, which others may wait for as well: the lock, the queue, the awaited task. Null: there is none.</summary>
    object? Resource => null;

    /// <summary>What <see cref="Describe"/> returns without what differs among waits of its kind; null: nothing differs.</summary>
    string? Gist => null;

    /// <summary>Collects, for reports of deadlocks, the tasks that have to do something before this wait can end, where they are known.</summary>
    void CollectBlockers(WaitNode node, List<IStepOwner> blockers) { }

    /// <summary>How many of them it takes.</summary>
    BlockersNeeded Needs => BlockersNeeded.All;
}
