using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Tasks;

namespace EventLoop;

// Deadlines that the body can move, and tokens from outside. Async lambdas are taken as coroutines;
// those that return tasks have their own forms, which come second.
public sealed partial class Loop
{
    /// <summary>Runs <paramref name="body"/> in this task, with a deadline that it can move. asyncio: <c>timeout</c>.</summary>
    /// <param name="delay">From the start of the body; null and infinite: none. Zero or less interrupts its first real wait.</param>
    /// <param name="body">Gets the scope.</param>
    /// <remarks>
    /// <para>Once the time is up, any <see cref="OperationCanceledException"/> that leaves the body is the
    /// timeout's, whichever token it carries; before that, none is.</para>
    /// <para><b>.NET tasks</b> that it awaits are no longer awaited when the time is up, and run on by themselves; where a token was handed out
    /// (<see cref="CancellationToken"/>) it fires first, and the work has <see cref="LoopOptions.ForeignGrace"/> to end by itself. A <see cref="ValueTask"/> is
    /// waited for to its end, unless it is awaited with <c>OnLoop()</c>. See docs/foreign-code.md.</para>
    /// </remarks>
    /// <exception cref="TimeoutException">The deadline passed and interrupted the body; its inner exception is the
    /// cancellation. Cancellations from elsewhere pass as what they are.</exception>
    /// <exception cref="InvalidOperationException">No task runs here.</exception>
    [OverloadResolutionPriority(1)]
    public static Coroutine Timeout(TimeSpan? delay, Func<TimeoutScope, Coroutine> body) => Timeout(delay, body, default);

    /// <inheritdoc cref="Timeout(TimeSpan?, Func{TimeoutScope, Coroutine})"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>What the body returned.</returns>
    [OverloadResolutionPriority(1)]
    public static Coroutine<T> Timeout<T>(TimeSpan? delay, Func<TimeoutScope, Coroutine<T>> body) => Timeout(delay, body, default);

    /// <inheritdoc cref="Timeout(TimeSpan?, Func{TimeoutScope, Coroutine})"/>
    public static Coroutine Timeout(TimeSpan? delay, Func<TimeoutScope, Task> body) => Timeout(delay, body, default);

    /// <inheritdoc cref="Timeout{T}(TimeSpan?, Func{TimeoutScope, Coroutine{T}})"/>
    public static Coroutine<T> Timeout<T>(TimeSpan? delay, Func<TimeoutScope, Task<T>> body) => Timeout(delay, body, default);

    /// <inheritdoc cref="Timeout(TimeSpan?, Func{TimeoutScope, Coroutine})"/>
    /// <param name="delay">From the start of the body; null and infinite: none. Zero or less interrupts its first real wait.</param>
    /// <param name="body">Gets the scope.</param>
    /// <param name="cancellationToken">Interrupts the body, from whichever thread.</param>
    /// <exception cref="LoopCanceledException"><paramref name="cancellationToken"/> came first; the exception carries it.</exception>
    [OverloadResolutionPriority(1)]
    public static async Coroutine Timeout(TimeSpan? delay, Func<TimeoutScope, Coroutine> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        await TimeoutScope.Run(TimeoutScope.DeadlineOf(delay), body, cancellationToken);
    }

    /// <inheritdoc cref="Timeout(TimeSpan?, Func{TimeoutScope, Coroutine}, CancellationToken)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>What the body returned.</returns>
    [OverloadResolutionPriority(1)]
    public static async Coroutine<T> Timeout<T>(TimeSpan? delay, Func<TimeoutScope, Coroutine<T>> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        return await TimeoutScope.Run(TimeoutScope.DeadlineOf(delay), body, cancellationToken);
    }

    /// <inheritdoc cref="Timeout(TimeSpan?, Func{TimeoutScope, Coroutine}, CancellationToken)"/>
    public static Coroutine Timeout(TimeSpan? delay, Func<TimeoutScope, Task> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Timeout(delay, async Coroutine (scope) => await body(scope), cancellationToken);
    }

    /// <inheritdoc cref="Timeout{T}(TimeSpan?, Func{TimeoutScope, Coroutine{T}}, CancellationToken)"/>
    public static Coroutine<T> Timeout<T>(TimeSpan? delay, Func<TimeoutScope, Task<T>> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Timeout(delay, async Coroutine<T> (scope) => await body(scope), cancellationToken);
    }

    // ---- without the scope

    /// <inheritdoc cref="Timeout(TimeSpan?, Func{TimeoutScope, Coroutine}, CancellationToken)"/>
    /// <param name="delay">From the start of the body; null and infinite: none. Zero or less interrupts its first real wait.</param>
    /// <param name="body">Needs no scope: its deadline stays.</param>
    /// <param name="cancellationToken">Interrupts the body, from whichever thread.</param>
    /// <example>
    /// <code>
    /// try
    /// {
    ///     await Loop.Timeout(TimeSpan.FromSeconds(2), async () =&gt; await Loop.Sleep(TimeSpan.FromHours(1)));
    /// }
    /// catch (TimeoutException)
    /// {
    ///     Console.WriteLine("gave up after two seconds");
    /// }
    /// </code>
    /// </example>
    [OverloadResolutionPriority(1)]
    public static Coroutine Timeout(TimeSpan? delay, Func<Coroutine> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Timeout(delay, Coroutine (_) => body(), cancellationToken);
    }

    /// <inheritdoc cref="Timeout(TimeSpan?, Func{Coroutine}, CancellationToken)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>What the body returned.</returns>
    [OverloadResolutionPriority(1)]
    public static Coroutine<T> Timeout<T>(TimeSpan? delay, Func<Coroutine<T>> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Timeout(delay, Coroutine<T> (_) => body(), cancellationToken);
    }

    /// <inheritdoc cref="Timeout(TimeSpan?, Func{Coroutine}, CancellationToken)"/>
    public static Coroutine Timeout(TimeSpan? delay, Func<Task> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Timeout(delay, async Coroutine (_) => await body(), cancellationToken);
    }

    /// <inheritdoc cref="Timeout{T}(TimeSpan?, Func{Coroutine{T}}, CancellationToken)"/>
    public static Coroutine<T> Timeout<T>(TimeSpan? delay, Func<Task<T>> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Timeout(delay, async Coroutine<T> (_) => await body(), cancellationToken);
    }

    // ---- at a point in time

    /// <summary>The same with an absolute deadline. asyncio: <c>timeout_at</c>.</summary>
    /// <param name="loopTime">On the scale of <see cref="Time"/>; null: none.</param>
    /// <param name="body">Gets the scope.</param>
    /// <inheritdoc cref="Timeout(TimeSpan?, Func{TimeoutScope, Coroutine})" path="/exception"/>
    [OverloadResolutionPriority(1)]
    public static Coroutine TimeoutAt(TimeSpan? loopTime, Func<TimeoutScope, Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return TimeoutScope.Run(loopTime?.Ticks, body);
    }

    /// <inheritdoc cref="TimeoutAt(TimeSpan?, Func{TimeoutScope, Coroutine})"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>What the body returned.</returns>
    [OverloadResolutionPriority(1)]
    public static Coroutine<T> TimeoutAt<T>(TimeSpan? loopTime, Func<TimeoutScope, Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return TimeoutScope.Run(loopTime?.Ticks, body);
    }

    /// <inheritdoc cref="TimeoutAt(TimeSpan?, Func{TimeoutScope, Coroutine})"/>
    public static Coroutine TimeoutAt(TimeSpan? loopTime, Func<TimeoutScope, Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return TimeoutAt(loopTime, async Coroutine (scope) => await body(scope));
    }

    /// <inheritdoc cref="TimeoutAt{T}(TimeSpan?, Func{TimeoutScope, Coroutine{T}})"/>
    public static Coroutine<T> TimeoutAt<T>(TimeSpan? loopTime, Func<TimeoutScope, Task<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return TimeoutAt(loopTime, async Coroutine<T> (scope) => await body(scope));
    }

    // ---- wait_for, with a token from outside

    /// <inheritdoc cref="WaitFor(Coroutine, TimeSpan?)"/>
    /// <param name="work">A coroutine runs in the awaiting task; with a time of zero or less, or a token that was cancelled before, it is not started.</param>
    /// <param name="timeout">From now on; null and infinite: none. Zero or less: only what is done already.</param>
    /// <param name="cancellationToken">Cancels <paramref name="work"/>, from whichever thread; its end is waited for.</param>
    /// <exception cref="LoopCanceledException"><paramref name="cancellationToken"/> came first; the exception carries it.</exception>
    public static Coroutine WaitFor(Coroutine work, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        return IsOver(timeout) ? WaitFor(work, timeout)
            : cancellationToken.IsCancellationRequested && work.Source is CoroutineBox ? Refuse(work, cancellationToken)
            : Timeout(timeout, Coroutine (_) => work, cancellationToken);

        static async Coroutine Refuse(Coroutine work, CancellationToken cancellationToken)
        {
            ((CoroutineBox)work.Source!).Discard(work.Token);
            await CheckPoint();
            throw Unstarted(cancellationToken);
        }
    }

    /// <inheritdoc cref="WaitFor(Coroutine, TimeSpan?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>Its result.</returns>
    public static Coroutine<T> WaitFor<T>(Coroutine<T> work, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        return IsOver(timeout) ? WaitFor(work, timeout)
            : cancellationToken.IsCancellationRequested && work.Source is CoroutineBox ? Refuse(work, cancellationToken)
            : Timeout(timeout, Coroutine<T> (_) => work, cancellationToken);

        static async Coroutine<T> Refuse(Coroutine<T> work, CancellationToken cancellationToken)
        {
            ((CoroutineBox)(object)work.Source!).Discard(work.Token);
            await CheckPoint();
            throw Unstarted(cancellationToken);
        }
    }

    /// <inheritdoc cref="WaitFor(Coroutine, TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Coroutine WaitFor(Func<Coroutine> work, TimeSpan? timeout, CancellationToken cancellationToken) =>
        WaitFor(DeferredCoroutine.Run(work), timeout, cancellationToken);

    /// <inheritdoc cref="WaitFor{T}(Coroutine{T}, TimeSpan?, CancellationToken)"/>
    [OverloadResolutionPriority(1)]
    public static Coroutine<T> WaitFor<T>(Func<Coroutine<T>> work, TimeSpan? timeout, CancellationToken cancellationToken) =>
        WaitFor(DeferredCoroutine.Run(work), timeout, cancellationToken);

    /// <inheritdoc cref="WaitFor(Coroutine, TimeSpan?, CancellationToken)"/>
    public static Coroutine WaitFor(Func<Task> work, TimeSpan? timeout, CancellationToken cancellationToken) =>
        WaitFor(DeferredCoroutine.Run(work), timeout, cancellationToken);

    /// <inheritdoc cref="WaitFor{T}(Coroutine{T}, TimeSpan?, CancellationToken)"/>
    public static Coroutine<T> WaitFor<T>(Func<Task<T>> work, TimeSpan? timeout, CancellationToken cancellationToken) =>
        WaitFor(DeferredCoroutine.Run(work), timeout, cancellationToken);

    /// <inheritdoc cref="WaitFor(LoopAwaitable, TimeSpan?)"/>
    /// <param name="work">It is cancelled when this wait is; see <see cref="Shield(LoopAwaitable)"/>.</param>
    /// <param name="timeout">From now on; null and infinite: none. Zero or less: only what is done already.</param>
    /// <param name="cancellationToken">Cancels <paramref name="work"/>, from whichever thread; its end is waited for.</param>
    /// <exception cref="LoopCanceledException"><paramref name="cancellationToken"/> came first; the exception carries it.</exception>
    public static Coroutine WaitFor(LoopAwaitable work, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Timeout(timeout, async Coroutine (_) => await work, cancellationToken);
    }

    /// <inheritdoc cref="WaitFor(LoopAwaitable, TimeSpan?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>Its result.</returns>
    public static Coroutine<T> WaitFor<T>(LoopTask<T> work, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Timeout(timeout, async Coroutine<T> (_) => await work, cancellationToken);
    }

    /// <inheritdoc cref="WaitFor(LoopAwaitable, TimeSpan?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>Its result.</returns>
    public static Coroutine<T> WaitFor<T>(LoopFuture<T> work, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Timeout(timeout, async Coroutine<T> (_) => await work, cancellationToken);
    }

    private static LoopCanceledException Unstarted(CancellationToken cancellationToken) =>
        new("the token that was given to it was cancelled before it was started", null, cancellationToken);
}
