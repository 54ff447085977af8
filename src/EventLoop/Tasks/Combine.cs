using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>What stands behind gather, wait and as_completed.</summary>
internal static class Combine
{
    /// <summary>Makes tasks of coroutines, all or none: a coroutine that is given twice is noticed before the first one starts.</summary>
    internal static LoopAwaitable[] Start<T>(IEnumerable<Coroutine<T>> coroutines)
    {
        ArgumentNullException.ThrowIfNull(coroutines);
        var core = LoopCore.Required;
        Coroutine<T>[] all = [.. coroutines];
        RejectDuplicates(all.Select(static coroutine => (Coroutine)coroutine));
        return Array.ConvertAll(all, LoopAwaitable (coroutine) => LoopTask<T>.Create(core, coroutine, null, core.Loop.Options.EagerTasks));
    }

    /// <inheritdoc cref="Start{T}(IEnumerable{Coroutine{T}})"/>
    internal static LoopAwaitable[] Start(IEnumerable<Coroutine> coroutines)
    {
        ArgumentNullException.ThrowIfNull(coroutines);
        var core = LoopCore.Required;
        Coroutine[] all = [.. coroutines];
        RejectDuplicates(all);
        return Array.ConvertAll(all, LoopAwaitable (coroutine) => LoopTask.Create(core, coroutine, null, core.Loop.Options.EagerTasks));
    }

    /// <summary>Checks that they are the running loop's own.</summary>
    internal static LoopAwaitable[] Own<TAwaitable>(IEnumerable<TAwaitable> awaitables)
        where TAwaitable : LoopAwaitable
    {
        ArgumentNullException.ThrowIfNull(awaitables);
        var core = LoopCore.Required;
        LoopAwaitable[] all = [.. awaitables];
        foreach (var awaitable in all)
        {
            ArgumentNullException.ThrowIfNull(awaitable, nameof(awaitables));
            if (!ReferenceEquals(awaitable.Core, core))
            {
                Throw.OtherLoop(awaitable.Kind);
            }
        }

        return all;
    }

    internal static async Coroutine All(LoopAwaitable[] children) => await Gathered(children);

    internal static async Coroutine<T[]> Results<T>(LoopAwaitable[] children)
    {
        await Gathered(children);
        return Array.ConvertAll(children, ValueOf<T>);
    }

    internal static async Coroutine Foreign(Task[] tasks) => await Gathered(Array.ConvertAll(tasks, LoopAwaitable (task) => Adopt(task)));

    internal static async Coroutine<T[]> ForeignResults<T>(Task<T>[] tasks)
    {
        await Gathered(Array.ConvertAll(tasks, LoopAwaitable (task) => Adopt(task)));
        return Array.ConvertAll(tasks, static task => task.Result);
    }

    internal static async Coroutine<Outcome[]> Outcomes(LoopAwaitable[] children)
    {
        await AllEnded(children);
        return Array.ConvertAll(children, static child => new Outcome(child.FailureOrCancellation()));
    }

    internal static async Coroutine<Outcome<T>[]> Outcomes<T>(LoopAwaitable[] children)
    {
        await AllEnded(children);
        return Array.ConvertAll(
            children,
            static child => child.IsCompletedSuccessfully ? new Outcome<T>(ValueOf<T>(child), null) : new Outcome<T>(default, child.FailureOrCancellation()));
    }

    internal static async Coroutine<WaitResult<TAwaitable>> Some<TAwaitable>(TAwaitable[] all, TimeSpan? timeout, ReturnWhen returnWhen)
        where TAwaitable : LoopAwaitable
    {
        Own(all);
        var wait = new SomeWait(all, returnWhen);
        wait.Start();
        wait.StartTimer(LoopCore.Required, timeout);
        try
        {
            await wait;
        }
        finally
        {
            wait.Detach();
        }

        return new WaitResult<TAwaitable>(Array.FindAll(all, static one => one.IsCompleted), Array.FindAll(all, static one => !one.IsCompleted));
    }

    private static async Coroutine Gathered(LoopAwaitable[] children)
    {
        if (children.Length == 0)
        {
            return;
        }

        // It goes on watching after a failure: what fails later is known to have been asked for.
        var wait = new GatherWait(children);
        wait.Start();
        try
        {
            await wait;
        }
        catch (LoopCanceledException)
        {
            wait.Disown();
            throw;
        }

        wait.ThrowFirstFailure();
    }

    private static async Coroutine AllEnded(LoopAwaitable[] children)
    {
        var wait = new OutcomesWait(children);
        wait.Start();
        await wait;
        wait.ThrowIfCancelled();
    }

    private static T ValueOf<T>(LoopAwaitable awaitable) => awaitable is LoopTask<T> task ? task.Value : ((LoopFuture<T>)awaitable).Value;

    // A future that ends as a .NET task ends; nobody can cancel the task through it.
    private static LoopFuture Adopt(Task task)
    {
        var adopted = new LoopFuture(LoopCore.Required.Loop);
        ForeignTaskExtensions.Completion(task).Watch(new BridgeWatcher(_ =>
        {
            switch (task.Status)
            {
                case TaskStatus.RanToCompletion:
                    adopted.TrySetResult();
                    break;
                case TaskStatus.Faulted:
                    adopted.TrySetException(task.Exception!.InnerExceptions[0]);
                    break;
                default:
                    adopted.TrySetException(CancellationOf(task));
                    break;
            }
        }));
        return adopted;
    }

    private static Exception CancellationOf(Task task)
    {
        try
        {
            task.GetAwaiter().GetResult();
            throw new InvalidOperationException("A canceled task has no result.");
        }
        catch (OperationCanceledException canceled)
        {
            return canceled;
        }
    }

    private static void RejectDuplicates(IEnumerable<Coroutine> coroutines)
    {
        var seen = new HashSet<(object, long)>();
        foreach (var coroutine in coroutines)
        {
            if (coroutine.Source is CoroutineBox box && !seen.Add((box, coroutine.Token)))
            {
                Throw.AwaitedTwice();
            }
        }
    }
}
