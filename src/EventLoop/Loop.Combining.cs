using System.Runtime.CompilerServices;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// Combining: gather, wait, as_completed.
public sealed partial class Loop
{
    /// <summary>Runs all concurrently; their results in the order of the arguments. asyncio: <c>gather</c>.</summary>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="coroutines">Become tasks at this call.</param>
    /// <returns>The results.</returns>
    /// <remarks>
    /// The first failure is thrown at once, and the others go on; failures that come later count as looked at. <b>Cancellation:</b> cancels the children and throws at once.
    /// <b>Cost:</b> a small object for each argument.
    /// </remarks>
    /// <exception cref="InvalidOperationException">No loop runs on this thread, a coroutine was given twice, or something belongs to another loop.</exception>
    public static Coroutine<T[]> Gather<T>(params IEnumerable<Coroutine<T>> coroutines) => Combine.Results<T>(Combine.Start(coroutines));

    /// <inheritdoc cref="Gather{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="tasks">Cancelled when the gather is.</param>
    public static Coroutine<T[]> Gather<T>(params IEnumerable<LoopTask<T>> tasks) => Combine.Results<T>(Combine.Own(tasks));

    /// <inheritdoc cref="Gather{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="futures">Cancelled when the gather is.</param>
    public static Coroutine<T[]> Gather<T>(params IEnumerable<LoopFuture<T>> futures) => Combine.Results<T>(Combine.Own(futures));

    /// <inheritdoc cref="Gather{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="tasks">Left alone when the gather is cancelled: a .NET task cannot be.</param>
    public static Coroutine<T[]> Gather<T>(params IEnumerable<Task<T>> tasks)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        return Combine.ForeignResults<T>([.. tasks]);
    }

    /// <summary>Runs all concurrently; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the children and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2)> Gather<T1, T2>(Coroutine<T1> first, Coroutine<T2> second)
    {
        return Gather(CreateTask(first), CreateTask(second));
    }

    /// <summary>Waits for all; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the tasks and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2)> Gather<T1, T2>(LoopTask<T1> first, LoopTask<T2> second)
    {
        return Wait(first, second);

        static async Coroutine<(T1, T2)> Wait(LoopTask<T1> first, LoopTask<T2> second)
        {
            await Combine.All(Combine.Own<LoopAwaitable>([first, second]));
            return (first.Value, second.Value);
        }
    }

    /// <summary>Runs all concurrently; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the children and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3)> Gather<T1, T2, T3>(Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third)
    {
        return Gather(CreateTask(first), CreateTask(second), CreateTask(third));
    }

    /// <summary>Waits for all; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the tasks and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3)> Gather<T1, T2, T3>(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third)
    {
        return Wait(first, second, third);

        static async Coroutine<(T1, T2, T3)> Wait(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third)
        {
            await Combine.All(Combine.Own<LoopAwaitable>([first, second, third]));
            return (first.Value, second.Value, third.Value);
        }
    }

    /// <summary>Runs all concurrently; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the children and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4)> Gather<T1, T2, T3, T4>(Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth)
    {
        return Gather(CreateTask(first), CreateTask(second), CreateTask(third), CreateTask(fourth));
    }

    /// <summary>Waits for all; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the tasks and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4)> Gather<T1, T2, T3, T4>(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth)
    {
        return Wait(first, second, third, fourth);

        static async Coroutine<(T1, T2, T3, T4)> Wait(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth)
        {
            await Combine.All(Combine.Own<LoopAwaitable>([first, second, third, fourth]));
            return (first.Value, second.Value, third.Value, fourth.Value);
        }
    }

    /// <summary>Runs all concurrently; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the children and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5)> Gather<T1, T2, T3, T4, T5>(Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth, Coroutine<T5> fifth)
    {
        return Gather(CreateTask(first), CreateTask(second), CreateTask(third), CreateTask(fourth), CreateTask(fifth));
    }

    /// <summary>Waits for all; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the tasks and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5)> Gather<T1, T2, T3, T4, T5>(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth)
    {
        return Wait(first, second, third, fourth, fifth);

        static async Coroutine<(T1, T2, T3, T4, T5)> Wait(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth)
        {
            await Combine.All(Combine.Own<LoopAwaitable>([first, second, third, fourth, fifth]));
            return (first.Value, second.Value, third.Value, fourth.Value, fifth.Value);
        }
    }

    /// <summary>Runs all concurrently; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the children and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6)> Gather<T1, T2, T3, T4, T5, T6>(Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth, Coroutine<T5> fifth, Coroutine<T6> sixth)
    {
        return Gather(CreateTask(first), CreateTask(second), CreateTask(third), CreateTask(fourth), CreateTask(fifth), CreateTask(sixth));
    }

    /// <summary>Waits for all; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the tasks and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6)> Gather<T1, T2, T3, T4, T5, T6>(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth, LoopTask<T6> sixth)
    {
        return Wait(first, second, third, fourth, fifth, sixth);

        static async Coroutine<(T1, T2, T3, T4, T5, T6)> Wait(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth, LoopTask<T6> sixth)
        {
            await Combine.All(Combine.Own<LoopAwaitable>([first, second, third, fourth, fifth, sixth]));
            return (first.Value, second.Value, third.Value, fourth.Value, fifth.Value, sixth.Value);
        }
    }

    /// <summary>Runs all concurrently; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the children and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6, T7)> Gather<T1, T2, T3, T4, T5, T6, T7>(Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth, Coroutine<T5> fifth, Coroutine<T6> sixth, Coroutine<T7> seventh)
    {
        return Gather(CreateTask(first), CreateTask(second), CreateTask(third), CreateTask(fourth), CreateTask(fifth), CreateTask(sixth), CreateTask(seventh));
    }

    /// <summary>Waits for all; results of several types give a tuple. asyncio: <c>gather</c>.</summary>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the tasks and throws at once.</remarks>
    /// <returns>The results, in the order of the arguments.</returns>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6, T7)> Gather<T1, T2, T3, T4, T5, T6, T7>(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth, LoopTask<T6> sixth, LoopTask<T7> seventh)
    {
        return Wait(first, second, third, fourth, fifth, sixth, seventh);

        static async Coroutine<(T1, T2, T3, T4, T5, T6, T7)> Wait(LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth, LoopTask<T6> sixth, LoopTask<T7> seventh)
        {
            await Combine.All(Combine.Own<LoopAwaitable>([first, second, third, fourth, fifth, sixth, seventh]));
            return (first.Value, second.Value, third.Value, fourth.Value, fifth.Value, sixth.Value, seventh.Value);
        }
    }

    /// <summary>Runs all concurrently. asyncio: <c>gather</c>.</summary>
    /// <param name="coroutines">Become tasks at this call.</param>
    /// <remarks>The first failure is thrown at once, and the others go on. <b>Cancellation:</b> cancels the children and throws at once.</remarks>
    [OverloadResolutionPriority(-2)]
    public static Coroutine Gather(params IEnumerable<Coroutine> coroutines) => Combine.All(Combine.Start(coroutines));

    /// <inheritdoc cref="Gather(IEnumerable{Coroutine})"/>
    /// <param name="awaitables">Cancelled when the gather is.</param>
    [OverloadResolutionPriority(-3)]
    public static Coroutine Gather(params IEnumerable<LoopAwaitable> awaitables) => Combine.All(Combine.Own(awaitables));

    /// <inheritdoc cref="Gather(IEnumerable{Coroutine})"/>
    /// <param name="tasks">Left alone when the gather is cancelled: a .NET task cannot be.</param>
    [OverloadResolutionPriority(-4)]
    public static Coroutine Gather(params IEnumerable<Task> tasks)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        return Combine.Foreign([.. tasks]);
    }

    /// <summary>Runs all concurrently and gives how each ended, in the order of the arguments. asyncio: <c>gather(return_exceptions=True)</c>.</summary>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="coroutines">Become tasks at this call.</param>
    /// <returns>An outcome for each; their failures count as looked at.</returns>
    /// <remarks><b>Cancellation:</b> cancels the children, waits for them, and throws then.</remarks>
    public static Coroutine<Outcome<T>[]> GatherOutcomes<T>(params IEnumerable<Coroutine<T>> coroutines) => Combine.Outcomes<T>(Combine.Start(coroutines));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="tasks">Cancelled when the gather is.</param>
    public static Coroutine<Outcome<T>[]> GatherOutcomes<T>(params IEnumerable<LoopTask<T>> tasks) => Combine.Outcomes<T>(Combine.Own(tasks));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="futures">Cancelled when the gather is.</param>
    public static Coroutine<Outcome<T>[]> GatherOutcomes<T>(params IEnumerable<LoopFuture<T>> futures) => Combine.Outcomes<T>(Combine.Own(futures));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    [OverloadResolutionPriority(-2)]
    public static Coroutine<Outcome[]> GatherOutcomes(params IEnumerable<Coroutine> coroutines) => Combine.Outcomes(Combine.Start(coroutines));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="awaitables">Cancelled when the gather is.</param>
    [OverloadResolutionPriority(-3)]
    public static Coroutine<Outcome[]> GatherOutcomes(params IEnumerable<LoopAwaitable> awaitables) => Combine.Outcomes(Combine.Own(awaitables));

    /// <summary>Waits until enough of them have ended. Never cancels them, and never throws because of how they ended. asyncio: <c>wait</c>.</summary>
    /// <typeparam name="TAwaitable">Tasks or futures.</typeparam>
    /// <param name="awaitables">At least one; duplicates count once.</param>
    /// <param name="timeout">From this call's await on; null and infinite: none. When it is up, what has ended by then is returned.</param>
    /// <param name="returnWhen">What is enough.</param>
    /// <returns>Those that have ended and those that have not, both in the order of the argument.</returns>
    /// <exception cref="ArgumentException">There is nothing to wait for.</exception>
    /// <exception cref="InvalidOperationException">Something belongs to another loop.</exception>
    public static Coroutine<WaitResult<TAwaitable>> Wait<TAwaitable>(IEnumerable<TAwaitable> awaitables, TimeSpan? timeout = null, ReturnWhen returnWhen = ReturnWhen.AllCompleted)
        where TAwaitable : LoopAwaitable
    {
        ArgumentNullException.ThrowIfNull(awaitables);
        TAwaitable[] all = [.. awaitables.Distinct()];
        if (all.Length == 0)
        {
            throw new ArgumentException("There is nothing to wait for: give at least one task or future.", nameof(awaitables));
        }

        return Combine.Some(all, timeout, returnWhen);
    }

    /// <inheritdoc cref="Wait{TAwaitable}(IEnumerable{TAwaitable}, TimeSpan?, ReturnWhen)"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<WaitResult<LoopAwaitable>> Wait(IEnumerable<LoopAwaitable> awaitables, TimeSpan? timeout = null, ReturnWhen returnWhen = ReturnWhen.AllCompleted) =>
        Wait<LoopAwaitable>(awaitables, timeout, returnWhen);

    /// <summary>Gives them in the order in which they end. asyncio: <c>as_completed</c>.</summary>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="coroutines">Become tasks at this call.</param>
    /// <param name="timeout">From this call on; null and infinite: none.</param>
    /// <returns>The tasks, ended; await each for its result. It is enumerated once; leaving early leaves the rest running.</returns>
    /// <exception cref="InvalidOperationException">No loop runs on this thread, or it is enumerated a second time.</exception>
    /// <exception cref="TimeoutException">While enumerating: the time was up before all had ended.</exception>
    public static IAsyncEnumerable<LoopTask<T>> AsCompleted<T>(IEnumerable<Coroutine<T>> coroutines, TimeSpan? timeout = null) =>
        new Completions<LoopTask<T>>([.. Combine.Start(coroutines).Cast<LoopTask<T>>()], timeout);

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{Coroutine{T}}, TimeSpan?)"/>
    /// <typeparam name="TAwaitable">Tasks or futures.</typeparam>
    /// <param name="awaitables">Left alone, whatever happens.</param>
    /// <param name="timeout">From this call on; null and infinite: none.</param>
    public static IAsyncEnumerable<TAwaitable> AsCompleted<TAwaitable>(IEnumerable<TAwaitable> awaitables, TimeSpan? timeout = null)
        where TAwaitable : LoopAwaitable =>
        new Completions<TAwaitable>([.. Combine.Own(awaitables).Distinct().Cast<TAwaitable>()], timeout);

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{Coroutine{T}}, TimeSpan?)"/>
    public static IAsyncEnumerable<LoopTask> AsCompleted(IEnumerable<Coroutine> coroutines, TimeSpan? timeout = null) =>
        new Completions<LoopTask>([.. Combine.Start(coroutines).Cast<LoopTask>()], timeout);
}
