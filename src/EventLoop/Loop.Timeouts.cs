using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Tasks;

namespace EventLoop;

// Deadlines that the body can move, and outside tokens. Async lambdas bind to the overloads for coroutines; those for delegates that return tasks come second.
public sealed partial class Loop
{
    /// <summary>Runs <paramref name="body"/> in this task, with a deadline that it can move. asyncio: <c>timeout</c>.</summary>
    /// <param name="delay">From the start of the body; null and infinite mean none. Zero or less interrupts its first real wait.</param>
    /// <param name="body">Receives the scope.</param>
    /// <remarks>
    /// <para>Once the time has elapsed, any <see cref="OperationCanceledException"/> that leaves the body counts as the timeout's, whichever token it carries;
    /// before that, none does.</para>
    /// <para><b>.NET tasks</b> that the body awaits are no longer awaited when the time has elapsed, and continue by themselves; where a token was handed out
    /// (<see cref="CancellationToken"/>) it fires first, and the work has <see cref="LoopOptions.ForeignGrace"/> to end by itself. A <see cref="ValueTask"/>
    /// is awaited to its end, unless it is awaited with <c>OnLoop()</c>. See docs/foreign-code.md.</para>
    /// </remarks>
    /// <exception cref="TimeoutException">The deadline passed and interrupted the body; the inner exception is the cancellation. Cancellations from elsewhere
    /// pass through unchanged.</exception>
    /// <exception cref="InvalidOperationException">No task is running here.</exception>
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
    /// <param name="delay">From the start of the body; null and infinite mean none. Zero or less interrupts its first real wait.</param>
    /// <param name="body">Receives the scope.</param>
    /// <param name="cancellationToken">Interrupts the body, from any thread.</param>
    /// <exception cref="LoopCanceledException"><paramref name="cancellationToken"/> fired first; the exception carries it.</exception>
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

    // ---- Without the scope

    /// <inheritdoc cref="Timeout(TimeSpan?, Func{TimeoutScope, Coroutine}, CancellationToken)"/>
    /// <param name="delay">From the start of the body; null and infinite mean none. Zero or less interrupts its first real wait.</param>
    /// <param name="body">Receives no scope: its deadline is fixed.</param>
    /// <param name="cancellationToken">Interrupts the body, from any thread.</param>
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

    // ---- At a point in time

    /// <summary>Runs <paramref name="body"/> in this task, with an absolute deadline that it can move. asyncio: <c>timeout_at</c>.</summary>
    /// <param name="loopTime">On the scale of <see cref="Time"/>; null: none.</param>
    /// <param name="body">Receives the scope.</param>
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

    /// <summary>A wait of an enumeration, which the enumeration's token ends.</summary>
    internal static Coroutine<T> WaitWith<T>(Coroutine<T> wait, CancellationToken token) => token.CanBeCanceled ? WaitFor(wait, null, token) : wait;

    // ---- wait_for with an outside token

    /// <inheritdoc cref="WaitFor(Coroutine, TimeSpan?)"/>
    /// <param name="work">A coroutine runs in the awaiting task; it is not started if the timeout is zero or less, or the token has fired already.</param>
    /// <param name="timeout">From now on; null and infinite mean none. Zero or less takes only what has completed already.</param>
    /// <param name="cancellationToken">Cancels <paramref name="work"/>, from any thread; its end is awaited.</param>
    /// <exception cref="LoopCanceledException"><paramref name="cancellationToken"/> fired first; the exception carries it.</exception>
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
    /// <returns>The result of the work.</returns>
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
    /// <param name="work">Cancelled when this wait is; otherwise see <see cref="Shield(LoopAwaitable)"/>.</param>
    /// <param name="timeout">From now on; null and infinite mean none. Zero or less takes only what has completed already.</param>
    /// <param name="cancellationToken">Cancels <paramref name="work"/>, from any thread; its end is awaited.</param>
    /// <exception cref="LoopCanceledException"><paramref name="cancellationToken"/> fired first; the exception carries it.</exception>
    public static Coroutine WaitFor(LoopAwaitable work, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Timeout(timeout, async Coroutine (_) => await work, cancellationToken);
    }

    /// <inheritdoc cref="WaitFor(LoopAwaitable, TimeSpan?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> WaitFor<T>(LoopTask<T> work, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Timeout(timeout, async Coroutine<T> (_) => await work, cancellationToken);
    }

    /// <inheritdoc cref="WaitFor(LoopAwaitable, TimeSpan?, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> WaitFor<T>(LoopFuture<T> work, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Timeout(timeout, async Coroutine<T> (_) => await work, cancellationToken);
    }

    private static LoopCanceledException Unstarted(CancellationToken cancellationToken) =>
        new("the token that was given to it was cancelled before it was started", null, cancellationToken);
}
