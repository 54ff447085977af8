using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>A stretch of a task's code that can be cancelled apart from the rest. Trio: <c>CancelScope</c>.</summary>
/// <remarks>
/// <para><b>Level-triggered:</b> once it is cancelled, every wait inside throws until the scope is left, also the waits of cleanup code, and those of the tasks of groups that were started inside.</para>
/// <para><b>Identity:</b> it absorbs only the cancellation that it issued itself; one from outside passes through it.</para>
/// <para><b>Shield:</b> a shielding scope holds off whatever is cancelled around it; that stays pending, and lands at the first wait after it.</para>
/// <para><b>.NET tasks</b> that it awaits are no longer awaited when it is cancelled, and run on by themselves; where a token was handed out (<see cref="Token"/>) it fires first, and the work
/// has <see cref="LoopOptions.ForeignGrace"/> to end by itself. A <see cref="ValueTask"/> is waited for to its end, unless it is awaited with <c>OnLoop()</c>. See docs/foreign-code.md.</para>
/// <para><b>Thread:</b> the loop's. A lambda is the scope, because <c>DisposeAsync</c> is not told of the body's exception.</para>
/// </remarks>
public sealed class CancelScope
{
    private readonly Scope scope = new(level: true);
    private TimeSpan? timeout;

    /// <summary>A scope can be made, given away and cancelled before its body starts.</summary>
    /// <param name="timeout">Counts from the start of the body; null and infinite: none.</param>
    /// <param name="shield">Holds off whatever is cancelled around it.</param>
    public CancelScope(TimeSpan? timeout = null, bool shield = false)
    {
        this.timeout = timeout;
        scope.Shield = shield;
    }

    /// <summary>Somebody cancelled it, or its deadline has passed.</summary>
    public bool CancelCalled => scope.Cancelled
        || (scope is { Entered: true, Left: false, Deadline: { } due, Core: { } core } && due <= core.Clock.Now);

    /// <summary>It absorbed its cancellation: the body did not run to its end.</summary>
    public bool CanceledCaught { get; private set; }

    /// <summary>Absolute loop time; null: none. One in the past takes effect at the next wait.</summary>
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

    /// <summary>Holds off whatever is cancelled around it. Taking the shield away lets it in.</summary>
    public bool Shield
    {
        get => scope.Shield;
        set
        {
            scope.Core?.VerifyAccess("CancelScope.Shield");
            scope.Shield = value;
        }
    }

    /// <summary>Linked outwards up to the first shield, and to the task; for APIs that take a token.</summary>
    /// <remarks>
    /// Whoever is given it has <see cref="LoopOptions.ForeignGrace"/> to end by itself after a cancellation, before a wait for it is abandoned. Its callbacks run on the thread pool.
    /// </remarks>
    public CancellationToken Token => scope.GetToken(isForOthers: true);

    /// <summary>Runs <paramref name="body"/> in a new scope.</summary>
    /// <param name="body">Gets the scope.</param>
    /// <param name="timeout">Counts from now; null and infinite: none.</param>
    /// <param name="shield">Holds off whatever is cancelled around it.</param>
    /// <returns>True when the body ran to its end, false when the scope absorbed its own cancellation.</returns>
    public static async Coroutine<bool> Run(Func<CancelScope, Coroutine> body, TimeSpan? timeout = null, bool shield = false)
    {
        ArgumentNullException.ThrowIfNull(body);
        var scope = new CancelScope(timeout, shield);
        return await scope.RunAsync(() => body(scope));
    }

    /// <inheritdoc cref="Run(Func{CancelScope, Coroutine}, TimeSpan?, bool)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value, or a canceled outcome when the scope absorbed its own cancellation.</returns>
    public static async Coroutine<Outcome<T>> Run<T>(Func<CancelScope, Coroutine<T>> body, TimeSpan? timeout = null, bool shield = false)
    {
        ArgumentNullException.ThrowIfNull(body);
        var scope = new CancelScope(timeout, shield);
        return await scope.RunAsync(() => body(scope));
    }

    /// <summary>Goes on after <paramref name="timeout"/>, whether the body has ended or not. Trio: <c>move_on_after</c>.</summary>
    /// <param name="timeout">Counts from now.</param>
    /// <param name="body">Gets the scope.</param>
    /// <returns>True when the body ran to its end.</returns>
    public static Coroutine<bool> MoveOnAfter(TimeSpan timeout, Func<CancelScope, Coroutine> body) => Run(body, timeout);

    /// <inheritdoc cref="MoveOnAfter(TimeSpan, Func{CancelScope, Coroutine})"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value, or a canceled outcome.</returns>
    public static Coroutine<Outcome<T>> MoveOnAfter<T>(TimeSpan timeout, Func<CancelScope, Coroutine<T>> body) => Run(body, timeout);

    /// <summary>Fails after <paramref name="timeout"/>. Trio: <c>fail_after</c>.</summary>
    /// <param name="timeout">Counts from now.</param>
    /// <param name="body">Gets the scope.</param>
    /// <exception cref="TimeoutException">The deadline came first; its inner exception is the cancellation.</exception>
    public static async Coroutine FailAfter(TimeSpan timeout, Func<CancelScope, Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var scope = new CancelScope(timeout);
        if (!await scope.RunAsync(() => body(scope)))
        {
            throw TimeoutScope.Expiry(scope.absorbed!);
        }
    }

    /// <inheritdoc cref="FailAfter(TimeSpan, Func{CancelScope, Coroutine})"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    public static async Coroutine<T> FailAfter<T>(TimeSpan timeout, Func<CancelScope, Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var scope = new CancelScope(timeout);
        var outcome = await scope.RunAsync(() => body(scope));
        return scope.CanceledCaught ? throw TimeoutScope.Expiry(scope.absorbed!) : outcome.Value;
    }

    private OperationCanceledException? absorbed;

    /// <summary>Runs <paramref name="body"/> inside this scope; once.</summary>
    /// <param name="body">The code that the scope governs.</param>
    /// <returns>True when the body ran to its end, false when the scope absorbed its own cancellation.</returns>
    /// <exception cref="InvalidOperationException">No task runs here, or the scope was used before.</exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public async Coroutine<bool> RunAsync(Func<Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        Enter();
        try
        {
            await body();
            return true;
        }
        catch (OperationCanceledException canceled) when (scope.Absorbs(canceled))
        {
            Absorb(canceled);
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
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public async Coroutine<Outcome<T>> RunAsync<T>(Func<Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        Enter();
        try
        {
            return new Outcome<T>(await body(), null);
        }
        catch (OperationCanceledException canceled) when (scope.Absorbs(canceled))
        {
            Absorb(canceled);
            return new Outcome<T>(default, canceled as LoopCanceledException ?? new LoopCanceledException(scope.Reason, canceled));
        }
        finally
        {
            scope.Leave();
        }
    }

    /// <summary>Cancels it. Calling it again changes nothing but the grace.</summary>
    /// <param name="reason">A text for whoever sees the cancellation.</param>
    /// <param name="grace">Null leaves shields inside it alone, zero breaks them at once, a time breaks them that long after.</param>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    /// <exception cref="AggregateException">Where no loop runs: callbacks of its token have failed. Anywhere else they run on the thread pool, and the loop's exception handler is told.</exception>
    public void Cancel(string? reason = null, TimeSpan? grace = null)
    {
        scope.Core?.VerifyAccess("CancelScope.Cancel");
        scope.Cancel(reason, grace);
    }

    private void Enter()
    {
        if (timeout is not null && !scope.Entered)
        {
            scope.Deadline = TimeoutScope.DeadlineOf(timeout);
        }

        scope.Enter("CancelScope");
    }

    private void Absorb(OperationCanceledException canceled)
    {
        CanceledCaught = true;
        absorbed = canceled;
    }
}
