using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop.Combining;

/// <summary>The implementation of gather, wait and as_completed.</summary>
internal static class Combinators
{
    /// <summary>gather: waits for all, or for the first that does not succeed.</summary>
    internal static async Coroutine All(Arguments given) => await Succeeded(given.On(LoopCore.Required));

    /// <summary>gather with a function of the results.</summary>
    internal static async Coroutine<TResult> All<TResult>(Arguments given, Func<LoopAwaitable[], TResult> result)
    {
        var children = given.On(LoopCore.Required);
        await Succeeded(children);
        return result(children);
    }

    /// <summary>gather, with the results.</summary>
    internal static Coroutine<T[]> Values<T>(Arguments given) => All(given, static children => Array.ConvertAll(children, ValueOf<T>));

    /// <summary>gather(return_exceptions=True) with a function of the outcomes.</summary>
    internal static async Coroutine<TResult> Ended<TResult>(Arguments given, Func<LoopAwaitable[], TResult> result)
    {
        var children = given.On(LoopCore.Required);
        var wait = new OutcomesWait(children);
        wait.Start();
        await wait;
        wait.ThrowIfCancelled();
        return result(children);
    }

    /// <summary>gather(return_exceptions=True), with the outcomes.</summary>
    internal static Coroutine<Outcome<T>[]> Outcomes<T>(Arguments given) => Ended(given, static children => Array.ConvertAll(children, OutcomeOf<T>));

    /// <inheritdoc cref="Outcomes{T}(Arguments)"/>
    internal static Coroutine<Outcome[]> Outcomes(Arguments given) =>
        Ended(given, static children => Array.ConvertAll(children, static child => new Outcome(OutcomeExceptionOf(child))));

    /// <summary>wait.</summary>
    /// <param name="all">All different.</param>
    /// <param name="given">The same arguments, to be started.</param>
    /// <param name="timeout">Counted from the await.</param>
    /// <param name="returnWhen">How many are enough.</param>
    internal static async Coroutine<WaitResult<TItem>> Some<TItem>(TItem[] all, Arguments given, TimeSpan? timeout, ReturnWhen returnWhen)
    {
        var core = LoopCore.Required;
        var children = given.On(core);
        var wait = new ReturnWhenWait(children, returnWhen);
        try
        {
            wait.Start();
            wait.StartTimer(core, timeout);
            await wait;
        }
        finally
        {
            wait.Detach();
        }

        var done = new List<TItem>(all.Length);
        var pending = new List<TItem>();
        for (int i = 0; i < all.Length; i++)
        {
            (children[i].IsCompleted ? done : pending).Add(all[i]);
        }

        return new WaitResult<TItem>(done, pending);
    }

    internal static T ValueOf<T>(LoopAwaitable awaitable) => awaitable switch
    {
        LoopTask<T> task => task.Value,
        LoopFuture<T> future => future.Value,
        _ => ((Task<T>)((ForeignTask)awaitable).Task).Result,
    };

    internal static Outcome<T> OutcomeOf<T>(LoopAwaitable awaitable) =>
        awaitable.IsCompletedSuccessfully ? new(ValueOf<T>(awaitable), null) : new(default, OutcomeExceptionOf(awaitable));

    // A canceled .NET task is no failure either.
    private static Exception? OutcomeExceptionOf(LoopAwaitable awaitable)
    {
        var exception = awaitable.FailureOrCancellation();
        return awaitable.IsFaulted && !awaitable.IsFailed ? new LoopCanceledException("a .NET task was canceled", exception) : exception;
    }

    private static async Coroutine Succeeded(LoopAwaitable[] children)
    {
        if (children.Length == 0)
        {
            return;
        }

        var wait = new GatherWait(children);
        wait.Start();
        await wait;
        wait.End();
    }
}
