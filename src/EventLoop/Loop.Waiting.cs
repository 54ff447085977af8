using System.Runtime.CompilerServices;
using EventLoop.Combining;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

// Waiting: time, shields, deadlines.
public sealed partial class Loop
{
    /// <summary>Suspends the caller for a time. Zero or less yields once; <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> waits until cancelled.
    /// asyncio: <c>sleep</c>.</summary>
    /// <param name="delay">At least this long; <see cref="TimeSpan.MaxValue"/> never elapses.</param>
    /// <remarks><b>Cost:</b> 0 bytes; O(1) where deadlines come in order, O(log n) among n timers otherwise. <b>Cancellation:</b> ends the sleep; one whose
    /// time has elapsed already completes, and the cancellation is delivered at the next wait. <b>A second await</b> of the same sleep sleeps again; debug
    /// mode refuses it.</remarks>
    public static Coroutine Sleep(TimeSpan delay) =>
        OperationWatch.IsOn ? OperationWatch.Over(SleepSource.Sleep(delay), "Loop.Sleep") : SleepSource.Sleep(delay);

    /// <summary>Suspends the caller for a number of milliseconds; asyncio counts in seconds, which is <c>Sleep(TimeSpan.FromSeconds(1))</c> here. Zero or less
    /// yields once; -1 waits until cancelled.</summary>
    /// <param name="milliseconds">At least this many.</param>
    /// <remarks><inheritdoc cref="Sleep(TimeSpan)" path="/remarks"/></remarks>
    public static Coroutine Sleep(int milliseconds) => Sleep(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>Lets everything that is ready now run first. asyncio: <c>sleep(0)</c>.</summary>
    /// <remarks><b>Cost:</b> 0 bytes.</remarks>
    public static YieldAwaitable Yield() => new(LoopCore.Running);

    // ---- wait_for

    /// <summary>Runs <paramref name="work"/> in this task, with a deadline: cancels it when the time has elapsed, and waits for its end. asyncio:
    /// <c>wait_for</c>.</summary>
    /// <param name="work">A coroutine runs in the awaiting task; it is not started if the timeout is zero or less.</param>
    /// <param name="timeout">From now on; null and infinite mean none. Zero or less takes only what has completed already.</param>
    /// <remarks>
    /// <para><b>.NET tasks</b> that the body awaits are no longer awaited when the time has elapsed, and continue by themselves; where a token was handed out
    /// (<see cref="CancellationToken"/>) it fires first, and the work has <see cref="LoopOptions.ForeignGrace"/> to end by itself. A <see cref="ValueTask"/>
    /// is awaited to its end, unless it is awaited with <c>OnLoop()</c>. See docs/foreign-code.md.</para>
    /// </remarks>
    /// <exception cref="TimeoutException">The time elapsed; the inner exception is the cancellation. A cancellation from outside is never mistaken for
    /// it.</exception>
    /// <example>
    /// <code>
    /// using var http = new HttpClient();
    /// string page = await Loop.WaitFor(http.GetStringAsync("http://localhost/"), TimeSpan.FromSeconds(5));
    /// </code>
    /// </example>
    public static Coroutine WaitFor(Coroutine work, TimeSpan? timeout)
    {
        return IsOver(timeout) && work.Source is CoroutineBox ? Refuse(work) : Wait(work, timeout);

        static async Coroutine Wait(Coroutine work, TimeSpan? timeout) => await Timeout(timeout, _ => work);
        static async Coroutine Refuse(Coroutine work)
        {
            ((CoroutineBox)work.Source!).Discard(work.Token);
            await CheckPoint();
            throw Unstarted();
        }
    }

    /// <inheritdoc cref="WaitFor(Coroutine, TimeSpan?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> WaitFor<T>(Coroutine<T> work, TimeSpan? timeout)
    {
        return IsOver(timeout) && work.Source is CoroutineBox ? Refuse(work) : Wait(work, timeout);

        static async Coroutine<T> Wait(Coroutine<T> work, TimeSpan? timeout) => await Timeout(timeout, _ => work);
        static async Coroutine<T> Refuse(Coroutine<T> work)
        {
            ((CoroutineBox)(object)work.Source!).Discard(work.Token);
            await CheckPoint();
            throw Unstarted();
        }
    }

    /// <inheritdoc cref="WaitFor(Coroutine, TimeSpan?)"/>
    [OverloadResolutionPriority(1)]
    public static Coroutine WaitFor(Func<Coroutine> work, TimeSpan? timeout) => WaitFor(DeferredCoroutine.Run(work), timeout);

    /// <inheritdoc cref="WaitFor{T}(Coroutine{T}, TimeSpan?)"/>
    [OverloadResolutionPriority(1)]
    public static Coroutine<T> WaitFor<T>(Func<Coroutine<T>> work, TimeSpan? timeout) => WaitFor(DeferredCoroutine.Run(work), timeout);

    /// <inheritdoc cref="WaitFor(Coroutine, TimeSpan?)"/>
    public static Coroutine WaitFor(Func<Task> work, TimeSpan? timeout) => WaitFor(DeferredCoroutine.Run(work), timeout);

    /// <inheritdoc cref="WaitFor{T}(Coroutine{T}, TimeSpan?)"/>
    public static Coroutine<T> WaitFor<T>(Func<Task<T>> work, TimeSpan? timeout) => WaitFor(DeferredCoroutine.Run(work), timeout);

    /// <summary>Waits for a task or future, with a deadline: cancels it when the time has elapsed, and waits for its end. asyncio: <c>wait_for</c>.</summary>
    /// <param name="work">Cancelled when this wait is; otherwise see <see cref="Shield(LoopAwaitable)"/>.</param>
    /// <param name="timeout">From now on; null and infinite mean none. Zero or less takes only what has completed already.</param>
    /// <exception cref="TimeoutException">The time elapsed; the inner exception is the cancellation.</exception>
    public static Coroutine WaitFor(LoopAwaitable work, TimeSpan? timeout)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Wait(work, timeout);

        static async Coroutine Wait(LoopAwaitable work, TimeSpan? timeout) => await Timeout(timeout, async Coroutine (_) => await work);
    }

    /// <inheritdoc cref="WaitFor(LoopAwaitable, TimeSpan?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> WaitFor<T>(LoopTask<T> work, TimeSpan? timeout)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Wait(work, timeout);

        static async Coroutine<T> Wait(LoopTask<T> work, TimeSpan? timeout) => await Timeout(timeout, async Coroutine<T> (_) => await work);
    }

    /// <inheritdoc cref="WaitFor(LoopAwaitable, TimeSpan?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> WaitFor<T>(LoopFuture<T> work, TimeSpan? timeout)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Wait(work, timeout);

        static async Coroutine<T> Wait(LoopFuture<T> work, TimeSpan? timeout) => await Timeout(timeout, async Coroutine<T> (_) => await work);
    }

    // ---- shield

    /// <summary>Waits for a task or future without owning it: a cancelled waiter leaves, and the work continues. asyncio: <c>shield</c>.</summary>
    /// <param name="work">Left alone. A failure that comes after the waiter has left is reported as lost.</param>
    public static Coroutine Shield(LoopAwaitable work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Wait(work);

        static async Coroutine Wait(LoopAwaitable work) => await new ShieldedWait(work);
    }

    /// <summary>Starts a coroutine as a task, in this call, and waits for it without owning it. asyncio: <c>shield</c>.</summary>
    /// <param name="work">Becomes a task.</param>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    /// <example>
    /// <code>
    /// try
    /// {
    ///     await Loop.Shield(Save());      // a cancellation ends this wait; the saving continues
    /// }
    /// catch (LoopCanceledException)
    /// {
    ///     Console.WriteLine("cancelled, but what was begun will be saved");
    ///     throw;
    /// }
    ///
    /// static async Coroutine Save() =&gt; await Loop.Sleep(100);
    /// </code>
    /// </example>
    public static Coroutine Shield(Coroutine work) => Shield(CreateTask(work));

    /// <inheritdoc cref="Shield(LoopAwaitable)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> Shield<T>(LoopTask<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Wait(work);

        static async Coroutine<T> Wait(LoopTask<T> work)
        {
            await new ShieldedWait(work);
            return work.Value;
        }
    }

    /// <inheritdoc cref="Shield(LoopAwaitable)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> Shield<T>(LoopFuture<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Wait(work);

        static async Coroutine<T> Wait(LoopFuture<T> work)
        {
            await new ShieldedWait(work);
            return work.Value;
        }
    }

    /// <inheritdoc cref="Shield(Coroutine)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>The result of the work.</returns>
    public static Coroutine<T> Shield<T>(Coroutine<T> work) => Shield(CreateTask(work));

    /// <summary>Whether a timeout leaves no time at all. Null and infinite mean no limit.</summary>
    internal static bool IsOver(TimeSpan? timeout) =>
        timeout is { } time && time <= TimeSpan.Zero && time != System.Threading.Timeout.InfiniteTimeSpan;

    // A wait that completes at once: it only checks for cancellation.
    internal static Coroutine CheckPoint() => new(CheckPointSource.Instance, 0);

    private static TimeoutException Unstarted() => TimeoutScope.Expiry(new LoopCanceledException("there was no time to start"));
}
