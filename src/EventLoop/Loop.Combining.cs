using System.Runtime.CompilerServices;
using EventLoop.Combining;
using EventLoop.Scheduling;

namespace EventLoop;

// Combining: gather, wait, as_completed.
public sealed partial class Loop
{
    /// <summary>Runs coroutines concurrently and returns their results in the order of the arguments. asyncio: <c>gather</c>.</summary>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="coroutines">Become tasks in this call; where no loop runs, when the result is awaited.</param>
    /// <returns>The results.</returns>
    /// <remarks>
    /// The first failure is thrown at once, and the other children continue; later failures count as retrieved. <b>Cancellation:</b> cancels the children and
    /// throws at once; nothing stays attached to children that live longer. Tasks and futures can be given among the coroutines
    /// (<see cref="LoopAwaitable.AsCoroutine"/>). <b>Cost:</b> one small object for each argument.
    /// </remarks>
    /// <exception cref="InvalidOperationException">A coroutine was given twice or has started already, or an argument belongs to another loop; nothing was
    /// started.</exception>
    /// <example>
    /// <code>
    /// int[] lengths = await Loop.Gather(Length("a"), Length("bc"));
    ///
    /// static async Coroutine&lt;int&gt; Length(string text)
    /// {
    ///     await Loop.Yield();
    ///     return text.Length;
    /// }
    /// </code>
    /// </example>
    public static Coroutine<T[]> Gather<T>(params IEnumerable<Coroutine<T>> coroutines) => Combinators.Values<T>(Arguments.Of(coroutines));

    /// <inheritdoc cref="Gather{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="tasks">Cancelled when the gather is cancelled.</param>
    public static Coroutine<T[]> Gather<T>(params IEnumerable<LoopTask<T>> tasks) => Combinators.Values<T>(Arguments.Of(tasks));

    /// <inheritdoc cref="Gather{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="futures">Cancelled when the gather is cancelled.</param>
    public static Coroutine<T[]> Gather<T>(params IEnumerable<LoopFuture<T>> futures) => Combinators.Values<T>(Arguments.Of(futures));

    /// <inheritdoc cref="Gather{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="tasks">Left alone when the gather is cancelled: .NET tasks cannot be cancelled.</param>
    public static Coroutine<T[]> Gather<T>(params IEnumerable<Task<T>> tasks) => Combinators.Values<T>(Arguments.Of(tasks));

    /// <summary>Waits until all have completed. asyncio: <c>gather</c>.</summary>
    /// <param name="awaitables">Cancelled when the gather is cancelled.</param>
    /// <remarks><inheritdoc cref="Gather{T}(IEnumerable{Coroutine{T}})" path="/remarks"/></remarks>
    /// <exception cref="InvalidOperationException">An argument belongs to another loop.</exception>
    [OverloadResolutionPriority(-3)]
    public static Coroutine Gather(params IEnumerable<LoopAwaitable> awaitables) => Combinators.All(Arguments.Of(awaitables));

    /// <summary>Runs coroutines concurrently and waits until all have completed. asyncio: <c>gather</c>.</summary>
    /// <param name="coroutines">Become tasks in this call; where no loop runs, when the result is awaited. Tasks and futures among them are awaited as they
    /// are.</param>
    /// <remarks><inheritdoc cref="Gather{T}(IEnumerable{Coroutine{T}})" path="/remarks"/></remarks>
    /// <exception cref="InvalidOperationException">A coroutine was given twice or has started already, or an argument belongs to another loop; nothing was
    /// started.</exception>
    [OverloadResolutionPriority(-2)]
    public static Coroutine Gather(params IEnumerable<Coroutine> coroutines) => Combinators.All(Arguments.Of(coroutines));

    /// <summary>Waits until all have completed. asyncio: <c>gather</c>.</summary>
    /// <param name="tasks">Left alone when the gather is cancelled: .NET tasks cannot be cancelled.</param>
    /// <remarks><inheritdoc cref="Gather{T}(IEnumerable{Coroutine{T}})" path="/remarks"/></remarks>
    [OverloadResolutionPriority(-4)]
    public static Coroutine Gather(params IEnumerable<Task> tasks) => Combinators.All(Arguments.Of(tasks));

    /// <summary>Runs coroutines concurrently and returns how each ended, in the order of the arguments. asyncio:
    /// <c>gather(return_exceptions=True)</c>.</summary>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="coroutines">Become tasks in this call; where no loop runs, when the result is awaited.</param>
    /// <returns>One outcome for each; their failures count as retrieved.</returns>
    /// <remarks><b>Cancellation:</b> cancels the children, waits for them, and then throws; likewise when it was pending before the wait began.</remarks>
    /// <exception cref="InvalidOperationException">A coroutine was given twice or has started already, or an argument belongs to another loop; nothing was
    /// started.</exception>
    public static Coroutine<Outcome<T>[]> GatherOutcomes<T>(params IEnumerable<Coroutine<T>> coroutines) => Combinators.Outcomes<T>(Arguments.Of(coroutines));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="tasks">Cancelled when the gather is cancelled.</param>
    public static Coroutine<Outcome<T>[]> GatherOutcomes<T>(params IEnumerable<LoopTask<T>> tasks) => Combinators.Outcomes<T>(Arguments.Of(tasks));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="futures">Cancelled when the gather is cancelled.</param>
    public static Coroutine<Outcome<T>[]> GatherOutcomes<T>(params IEnumerable<LoopFuture<T>> futures) => Combinators.Outcomes<T>(Arguments.Of(futures));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="tasks">.NET tasks cannot be cancelled: a cancelled gather waits for them.</param>
    public static Coroutine<Outcome<T>[]> GatherOutcomes<T>(params IEnumerable<Task<T>> tasks) => Combinators.Outcomes<T>(Arguments.Of(tasks));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="awaitables">Cancelled when the gather is cancelled.</param>
    [OverloadResolutionPriority(-3)]
    public static Coroutine<Outcome[]> GatherOutcomes(params IEnumerable<LoopAwaitable> awaitables) => Combinators.Outcomes(Arguments.Of(awaitables));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="coroutines">Become tasks in this call; where no loop runs, when the result is awaited. Tasks and futures among them are awaited as they
    /// are.</param>
    [OverloadResolutionPriority(-2)]
    public static Coroutine<Outcome[]> GatherOutcomes(params IEnumerable<Coroutine> coroutines) => Combinators.Outcomes(Arguments.Of(coroutines));

    /// <inheritdoc cref="GatherOutcomes{T}(IEnumerable{Coroutine{T}})"/>
    /// <param name="tasks">.NET tasks cannot be cancelled: a cancelled gather waits for them.</param>
    [OverloadResolutionPriority(-4)]
    public static Coroutine<Outcome[]> GatherOutcomes(params IEnumerable<Task> tasks) => Combinators.Outcomes(Arguments.Of(tasks));

    /// <summary>Waits until enough of the arguments have completed. Never cancels them, and never throws because of how they ended. asyncio:
    /// <c>wait</c>.</summary>
    /// <typeparam name="TAwaitable">Tasks or futures.</typeparam>
    /// <param name="awaitables">At least one; duplicates count once.</param>
    /// <param name="timeout">Counted from the await of this call; null and infinite mean none. When it has elapsed, the call returns what has completed by
    /// then.</param>
    /// <param name="returnWhen">How many are enough.</param>
    /// <returns>Those that have completed and those that are pending, both in the order of the argument.</returns>
    /// <exception cref="ArgumentException">The argument is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="returnWhen"/> is not a defined value.</exception>
    /// <exception cref="InvalidOperationException">An argument belongs to another loop.</exception>
    /// <example>
    /// <code>
    /// LoopTask fast = Loop.CreateTask(Loop.Sleep(10)), slow = Loop.CreateTask(Loop.Sleep(1000));
    /// var (done, pending) = await Loop.Wait([fast, slow], returnWhen: ReturnWhen.FirstCompleted);
    /// foreach (LoopTask task in pending)
    /// {
    ///     task.Cancel();
    /// }
    /// </code>
    /// </example>
    public static Coroutine<WaitResult<TAwaitable>> Wait<TAwaitable>(IEnumerable<TAwaitable> awaitables, TimeSpan? timeout = null,
        ReturnWhen returnWhen = ReturnWhen.AllCompleted)
        where TAwaitable : LoopAwaitable
    {
        var all = Different(awaitables, returnWhen);
        return Combinators.Some(all, Arguments.Of(all), timeout, returnWhen);
    }

    /// <inheritdoc cref="Wait{TAwaitable}(IEnumerable{TAwaitable}, TimeSpan?, ReturnWhen)"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<WaitResult<LoopAwaitable>> Wait(IEnumerable<LoopAwaitable> awaitables, TimeSpan? timeout = null,
        ReturnWhen returnWhen = ReturnWhen.AllCompleted) =>
        Wait<LoopAwaitable>(awaitables, timeout, returnWhen);

    /// <inheritdoc cref="Wait{TAwaitable}(IEnumerable{TAwaitable}, TimeSpan?, ReturnWhen)"/>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="tasks">At least one; duplicates count once.</param>
    /// <param name="timeout">Counted from the await of this call; null and infinite mean none. When it has elapsed, the call returns what has completed by
    /// then.</param>
    /// <param name="returnWhen">How many are enough.</param>
    public static Coroutine<WaitResult<Task<T>>> Wait<T>(IEnumerable<Task<T>> tasks, TimeSpan? timeout = null, ReturnWhen returnWhen = ReturnWhen.AllCompleted)
    {
        var all = Different(tasks, returnWhen);
        return Combinators.Some(all, Arguments.Of(all), timeout, returnWhen);
    }

    /// <inheritdoc cref="Wait{TAwaitable}(IEnumerable{TAwaitable}, TimeSpan?, ReturnWhen)"/>
    /// <param name="tasks">At least one; duplicates count once.</param>
    /// <param name="timeout">Counted from the await of this call; null and infinite mean none. When it has elapsed, the call returns what has completed by
    /// then.</param>
    /// <param name="returnWhen">How many are enough.</param>
    [OverloadResolutionPriority(-2)]
    public static Coroutine<WaitResult<Task>> Wait(IEnumerable<Task> tasks, TimeSpan? timeout = null, ReturnWhen returnWhen = ReturnWhen.AllCompleted)
    {
        var all = Different(tasks, returnWhen);
        return Combinators.Some(all, Arguments.Of(all), timeout, returnWhen);
    }

    /// <summary>Enumerates the arguments in the order in which they complete. asyncio: <c>as_completed</c>.</summary>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="coroutines">Become tasks in this call.</param>
    /// <param name="timeout">Counted from this call; null and infinite mean none.</param>
    /// <returns>The completed tasks; await each for its result. It can be enumerated once; leaving the loop early leaves the others running.</returns>
    /// <exception cref="InvalidOperationException">No loop runs on this thread, a coroutine was given twice, or the result is enumerated a second
    /// time.</exception>
    /// <exception cref="TimeoutException">While enumerating: the time elapsed before all had completed.</exception>
    /// <example>
    /// <code>
    /// await foreach (LoopTask&lt;int&gt; task in Loop.AsCompleted([After(30), After(10), After(20)]))
    /// {
    ///     Console.WriteLine(await task);      // 10, 20, 30
    /// }
    ///
    /// static async Coroutine&lt;int&gt; After(int milliseconds)
    /// {
    ///     await Loop.Sleep(milliseconds);
    ///     return milliseconds;
    /// }
    /// </code>
    /// </example>
    public static IAsyncEnumerable<LoopTask<T>> AsCompleted<T>(IEnumerable<Coroutine<T>> coroutines, TimeSpan? timeout = null)
    {
        var core = LoopCore.Required;
        var tasks = Array.ConvertAll(Arguments.Of(coroutines).On(core), child => child as LoopTask<T> ?? CreateTask(((LoopFuture<T>)child).AsCoroutine()));
        return Completions<LoopTask<T>>.Of(tasks, tasks, timeout);
    }

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{Coroutine{T}}, TimeSpan?)"/>
    public static IAsyncEnumerable<LoopTask> AsCompleted(IEnumerable<Coroutine> coroutines, TimeSpan? timeout = null)
    {
        var core = LoopCore.Required;
        var tasks = Array.ConvertAll(Arguments.Of(coroutines).On(core), child => child as LoopTask ?? CreateTask(child.AsCoroutine()));
        return Completions<LoopTask>.Of(tasks, tasks, timeout);
    }

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{Coroutine{T}}, TimeSpan?)"/>
    /// <typeparam name="TAwaitable">Tasks or futures.</typeparam>
    /// <param name="awaitables">Left alone, whatever happens; duplicates count once.</param>
    /// <param name="timeout">Counted from this call; null and infinite mean none.</param>
    public static IAsyncEnumerable<TAwaitable> AsCompleted<TAwaitable>(IEnumerable<TAwaitable> awaitables, TimeSpan? timeout = null)
        where TAwaitable : LoopAwaitable
    {
        var core = LoopCore.Required;
        ArgumentNullException.ThrowIfNull(awaitables);
        TAwaitable[] all = [.. awaitables.Distinct()];
        return Completions<TAwaitable>.Of(all, Arguments.Of(all).On(core), timeout);
    }

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{Coroutine{T}}, TimeSpan?)"/>
    /// <param name="tasks">Left alone, whatever happens; duplicates count once.</param>
    /// <param name="timeout">Counted from this call; null and infinite mean none.</param>
    public static IAsyncEnumerable<Task<T>> AsCompleted<T>(IEnumerable<Task<T>> tasks, TimeSpan? timeout = null)
    {
        var core = LoopCore.Required;
        ArgumentNullException.ThrowIfNull(tasks);
        Task<T>[] all = [.. tasks.Distinct()];
        return Completions<Task<T>>.Of(all, Arguments.Of(all).On(core), timeout);
    }

    /// <inheritdoc cref="AsCompleted{T}(IEnumerable{Coroutine{T}}, TimeSpan?)"/>
    /// <param name="tasks">Left alone, whatever happens; duplicates count once.</param>
    /// <param name="timeout">Counted from this call; null and infinite mean none.</param>
    [OverloadResolutionPriority(-1)]
    public static IAsyncEnumerable<Task> AsCompleted(IEnumerable<Task> tasks, TimeSpan? timeout = null)
    {
        var core = LoopCore.Required;
        ArgumentNullException.ThrowIfNull(tasks);
        Task[] all = [.. tasks.Distinct()];
        return Completions<Task>.Of(all, Arguments.Of(all).On(core), timeout);
    }

    private static T[] Different<T>(IEnumerable<T> all, ReturnWhen returnWhen, [CallerArgumentExpression(nameof(all))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(all, name);
        if (returnWhen is < ReturnWhen.AllCompleted or > ReturnWhen.FirstException)
        {
            throw new ArgumentOutOfRangeException(nameof(returnWhen), returnWhen,
                "Wait returns when all have ended, when the first has, or when the first has failed.");
        }

        T[] different = [.. all.Distinct()];
        return different.Length > 0 ? different : throw new ArgumentException("There is nothing to wait for: give at least one task or future.", name);
    }
}
