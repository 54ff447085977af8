using EventLoop.Reporting;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>Watches a coroutine that was made and not awaited yet: in debug mode every one, otherwise those of methods that were compiled for
/// debugging.</summary>
internal sealed class CoroutineWatch(LossLedger ledger, string method, string? createdAt)
    : LossWatch(ledger,
        ledger.Open($"The coroutine {method} was never awaited, so it never ran. Await it, or start it with Loop.CreateTask(...)", null, null, createdAt))
{
    /// <param name="maker">The loop that runs on this thread; null: none.</param>
    /// <param name="stateMachine">That of the method.</param>
    internal static CoroutineWatch Over(LoopCore? maker, Type stateMachine) =>
        maker is null ? new(StrayLosses.Ledger, MethodNames.OfStateMachine(stateMachine), null) : maker.Loop.NewWatch(stateMachine);

    internal void Started() => Settle();
}
