using System.Collections.Concurrent;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Something that must not vanish: a failure that nobody has looked at, a coroutine that nobody has awaited.</summary>
internal sealed class Loss(string message, Exception? exception, LoopAwaitable? awaitable, string? createdAt)
{
    // Weak: the loss must not keep alive what it waits to see die.
    private readonly WeakReference<LoopAwaitable>? awaitable = awaitable is null ? null : new(awaitable);
    private int settled;

    internal LoopExceptionContext ToContext() =>
        new(message, exception, awaitable is not null && awaitable.TryGetTarget(out var alive) ? alive : null, CreatedAt: createdAt);

    /// <summary>True for the first who asks: it was looked at, or was reported. Any thread.</summary>
    internal bool TrySettle() => Interlocked.Exchange(ref settled, 1) == 0;
}

/// <summary>The losses of a loop that may yet come: each is reported when its object is collected, or when the loop closes, whichever comes first. Any thread.</summary>
internal sealed class LossLedger(Action<LoopExceptionContext> report)
{
    private readonly ConcurrentDictionary<Loss, byte> open = new();

    internal Loss Open(string message, Exception? exception, LoopAwaitable? awaitable, string? createdAt)
    {
        var loss = new Loss(message, exception, awaitable, createdAt);
        open.TryAdd(loss, 0);
        return loss;
    }

    internal void Settle(Loss loss)
    {
        if (loss.TrySettle())
        {
            open.TryRemove(loss, out _);
        }
    }

    internal void Report(Loss loss)
    {
        if (loss.TrySettle())
        {
            open.TryRemove(loss, out _);
            report(loss.ToContext());
        }
    }

    internal void ReportAll()
    {
        foreach (var loss in open.Keys)
        {
            Report(loss);
        }
    }
}

/// <summary>Dies with the object that it watches over, and reports then. The ledger holds only the loss, so that the object can die.</summary>
internal abstract class LossWatch(LossLedger ledger, Loss loss)
{
    ~LossWatch() => ledger.Report(loss);

    /// <summary>All is well: it was looked at.</summary>
    internal void Settle()
    {
        ledger.Settle(loss);
        GC.SuppressFinalize(this);
    }
}

/// <summary>The failure of a task or future, as long as nobody has looked at it.</summary>
internal sealed class LostFailure(Failure failure, LoopAwaitable of)
    : LossWatch(of.Loop.Losses, of.Loop.Losses.Open($"The exception of {of.Label} was never retrieved. Await it, or look at its Exception", failure.Exception, of, of.CreatedAt))
{
    internal Failure Failure { get; } = failure;
}

/// <summary>A coroutine that was made and not awaited yet: in debug mode every one, else those of methods that were compiled for debugging.</summary>
internal sealed class CoroutineWatch(LossLedger ledger, string method, string? createdAt)
    : LossWatch(ledger, ledger.Open($"The coroutine {method} was never awaited, so it never ran. Await it, or start it with Loop.CreateTask(...)", null, null, createdAt))
{
    /// <param name="maker">The loop that runs on this thread; null: none does.</param>
    /// <param name="stateMachine">Of the method.</param>
    internal static CoroutineWatch Over(LoopCore? maker, Type stateMachine) =>
        maker is null ? new(StrayLosses.Ledger, MethodNames.OfStateMachine(stateMachine), null) : maker.Loop.NewWatch(stateMachine);

    internal void Started() => Settle();
}
