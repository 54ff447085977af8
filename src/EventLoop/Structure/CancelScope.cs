using System.Diagnostics;
using System.Runtime.CompilerServices;
using EventLoop.Cancellation;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>A section of a task's code that can be cancelled separately. Trio: <c>CancelScope</c>.</summary>
/// <remarks>
/// <para><b>Level-triggered:</b> once it is cancelled, every wait inside throws until the scope is left, including the waits of cleanup code and those of
/// tasks in groups that were started inside.</para>
/// <para><b>Identity:</b> it absorbs only the cancellation that it issued itself; one from outside passes through. Once it has been cancelled, any
/// <see cref="OperationCanceledException"/> that leaves the body counts as its own, whichever token it carries; before that, none does.</para>
/// <para><b>Shield:</b> a shielding scope holds off cancellations around it; they stay pending and are delivered at the first wait after it.</para>
/// <para><b>.NET tasks</b> that the body awaits are no longer awaited once the scope is cancelled, and continue by themselves; where a token was handed out
/// (<see cref="Token"/>) it fires first, and the work has <see cref="LoopOptions.ForeignGrace"/> to end by itself. A <see cref="ValueTask"/> is awaited to its
/// end, unless it is awaited with <c>OnLoop()</c>. See docs/foreign-code.md.</para>
/// <para><b>Thread:</b> the loop's. The scope is a lambda because <c>DisposeAsync</c> does not learn the body's exception.</para>
/// </remarks>
[DebuggerTypeProxy(typeof(CancelScopeDebugView))]
public sealed partial class CancelScope : INamed
{
    private readonly Scope scope;
    private TimeSpan? timeout;
    private Exception? absorbed;

    /// <summary>Makes a scope, which can be passed on and cancelled before its body starts.</summary>
    /// <param name="timeout">From the start of the body; null and infinite mean none.</param>
    /// <param name="shield">Whether it holds off cancellations around it.</param>
    public CancelScope(TimeSpan? timeout = null, bool shield = false)
        : this(timeout, shield, default)
    {
    }

    /// <inheritdoc cref="CancelScope(TimeSpan?, bool)"/>
    /// <param name="timeout">From the start of the body; null and infinite mean none.</param>
    /// <param name="shield">Whether it holds off cancellations around it, though not <paramref name="cancellationToken"/>.</param>
    /// <param name="cancellationToken">Cancels the scope while its body runs, from any thread.</param>
    public CancelScope(TimeSpan? timeout, bool shield, CancellationToken cancellationToken)
    {
        this.timeout = timeout;
        scope = new Scope(level: true) { Shield = shield, OutsideToken = cancellationToken };
    }

    object INamed.Resource => scope;

    internal Scope Inner => scope;

    /// <summary>Whether somebody cancelled it, or its deadline has passed.</summary>
    public bool CancelCalled => scope.Cancelled
        || (scope is { Entered: true, Left: false, Deadline: { } due, Core: { } core } && due <= core.Clock.Now);

    /// <summary>Whether it absorbed its cancellation, so that the body did not run to its end.</summary>
    public bool CanceledCaught => absorbed is not null;

    /// <summary>The deadline in loop time; null: none. One in the past takes effect at the next wait; until then it may be moved again.</summary>
    public TimeSpan? Deadline
    {
        get => scope.Deadline is { } ticks && ticks != LoopClock.Never ? TimeSpan.FromTicks(ticks) : null;
        set
        {
            scope.Core?.VerifyAccess("CancelScope.Deadline");
            timeout = null;
            scope.Deadline = value?.Ticks;
        }
    }

    /// <summary>Whether it holds off cancellations around it. Removing the shield lets them in.</summary>
    public bool Shield
    {
        get => scope.Shield;
        set
        {
            scope.Core?.VerifyAccess("CancelScope.Shield");
            scope.Shield = value;
        }
    }

    /// <summary>A token for APIs that take one; linked to the scopes outside up to the first shield, and to the task.</summary>
    /// <remarks>
    /// Whoever receives it has <see cref="LoopOptions.ForeignGrace"/> to end by itself after a cancellation, before a wait for it is abandoned. Its callbacks
    /// run on the thread pool.
    /// </remarks>
    public CancellationToken Token => scope.GetToken(isForOthers: true);

    /// <summary>Runs <paramref name="body"/> inside this scope, which can be used once.</summary>
    /// <param name="body">The code that the scope governs.</param>
    /// <returns>True when the body ran to its end, false when the scope absorbed its own cancellation.</returns>
    /// <exception cref="InvalidOperationException">No task is running here, or the scope was used before.</exception>
    [OverloadResolutionPriority(1)]
    public async Coroutine<bool> RunAsync(Func<Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        Enter();
        try
        {
            await body();
            return true;
        }
        catch (Exception exception) when (scope.Absorbs(exception))
        {
            absorbed = exception;
            return false;
        }
        finally
        {
            scope.Leave();
        }
    }

    /// <inheritdoc cref="RunAsync(Func{Coroutine})"/>
    public Coroutine<bool> RunAsync(Func<Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunAsync(async Coroutine () => await body());
    }

    /// <inheritdoc cref="RunAsync(Func{Coroutine})"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value, or a canceled outcome when the scope absorbed its own cancellation.</returns>
    [OverloadResolutionPriority(1)]
    public async Coroutine<Outcome<T>> RunAsync<T>(Func<Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        Enter();
        try
        {
            return new Outcome<T>(await body(), null);
        }
        catch (Exception exception) when (scope.Absorbs(exception))
        {
            absorbed = exception;
            return new Outcome<T>(default, exception as LoopCanceledException ?? new LoopCanceledException(scope.Reason, exception));
        }
        finally
        {
            scope.Leave();
        }
    }

    /// <inheritdoc cref="RunAsync{T}(Func{Coroutine{T}})"/>
    public Coroutine<Outcome<T>> RunAsync<T>(Func<Task<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunAsync(async Coroutine<T> () => await body());
    }

    /// <summary>Cancels the scope. Further calls change nothing but the grace.</summary>
    /// <param name="reason">A text for whoever sees the cancellation.</param>
    /// <param name="grace">Null leaves shields inside the scope alone, zero breaks them at once, a time breaks them after it.
    /// <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> is the same as null.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="grace"/> is negative.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    /// <exception cref="AggregateException">Only where no loop runs: callbacks of its token have failed. Elsewhere they run on the thread pool, and failures
    /// go to the loop's exception handler.</exception>
    public void Cancel(string? reason = null, TimeSpan? grace = null)
    {
        if (grace == System.Threading.Timeout.InfiniteTimeSpan)
        {
            grace = null;
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(grace.GetValueOrDefault(), TimeSpan.Zero, nameof(grace));
        scope.Core?.VerifyAccess("CancelScope.Cancel");
        scope.Cancel(reason, grace);
    }

    /// <summary>Registers <paramref name="callback"/> to run on the loop whenever <see cref="Token"/> fires: when the scope is cancelled, or anything around
    /// it up to the first shield. For code that must not run elsewhere.</summary>
    /// <param name="callback">Runs in a step of its own, outside any task, in the ExecutionContext of this call; soon, if the scope has been cancelled
    /// already. An exception goes to the loop's exception handler.</param>
    /// <returns>Disposing it removes the callback, unless it has run. A scope that is left without having been cancelled drops its callbacks.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public IDisposable OnCanceled(Action callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        scope.Core?.VerifyAccess("CancelScope.OnCanceled");
        return scope.OnCanceled(callback);
    }

    private void Enter()
    {
        if (timeout is not null && !scope.Entered)
        {
            scope.Deadline = TimeoutScope.DeadlineOf(timeout);
        }

        scope.Enter("CancelScope");
    }
}
