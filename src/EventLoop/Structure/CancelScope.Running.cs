using System.Runtime.CompilerServices;

namespace EventLoop;

// Scopes that are made and run in one call. Async lambdas bind to the overloads for coroutines; those for delegates that return tasks come second.
public sealed partial class CancelScope
{
    /// <summary>Runs <paramref name="body"/> in a new scope.</summary>
    /// <param name="body">Receives the scope.</param>
    /// <param name="timeout">From now on; null and infinite mean none.</param>
    /// <param name="shield">Whether it holds off cancellations around it.</param>
    /// <returns>True when the body ran to its end, false when the scope absorbed its own cancellation.</returns>
    [OverloadResolutionPriority(3)]
    public static Coroutine<bool> Run(Func<CancelScope, Coroutine> body, TimeSpan? timeout = null, bool shield = false) => Run(body, timeout, shield, default);

    /// <inheritdoc cref="Run(Func{CancelScope, Coroutine}, TimeSpan?, bool)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value, or a canceled outcome when the scope absorbed its own cancellation.</returns>
    [OverloadResolutionPriority(3)]
    public static Coroutine<Outcome<T>> Run<T>(Func<CancelScope, Coroutine<T>> body, TimeSpan? timeout = null, bool shield = false) =>
        Run(body, timeout, shield, default);

    /// <inheritdoc cref="Run(Func{CancelScope, Coroutine}, TimeSpan?, bool)"/>
    /// <param name="body">Receives the scope.</param>
    /// <param name="timeout">From now on; null and infinite mean none.</param>
    /// <param name="shield">Whether it holds off cancellations around it, though not <paramref name="cancellationToken"/>.</param>
    /// <param name="cancellationToken">Cancels the scope, from any thread.</param>
    [OverloadResolutionPriority(1)]
    public static async Coroutine<bool> Run(Func<CancelScope, Coroutine> body, TimeSpan? timeout = null, bool shield = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        var scope = new CancelScope(timeout, shield, cancellationToken);
        return await scope.RunAsync(() => body(scope));
    }

    /// <inheritdoc cref="Run(Func{CancelScope, Coroutine}, TimeSpan?, bool, CancellationToken)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value, or a canceled outcome when the scope absorbed its own cancellation.</returns>
    [OverloadResolutionPriority(1)]
    public static async Coroutine<Outcome<T>> Run<T>(Func<CancelScope, Coroutine<T>> body, TimeSpan? timeout = null, bool shield = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        var scope = new CancelScope(timeout, shield, cancellationToken);
        return await scope.RunAsync(() => body(scope));
    }

    /// <inheritdoc cref="Run(Func{CancelScope, Coroutine}, TimeSpan?, bool, CancellationToken)"/>
    public static Coroutine<bool> Run(Func<CancelScope, Task> body, TimeSpan? timeout = null, bool shield = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Run(async Coroutine (scope) => await body(scope), timeout, shield, cancellationToken);
    }

    /// <inheritdoc cref="Run{T}(Func{CancelScope, Coroutine{T}}, TimeSpan?, bool, CancellationToken)"/>
    public static Coroutine<Outcome<T>> Run<T>(Func<CancelScope, Task<T>> body, TimeSpan? timeout = null, bool shield = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Run(async Coroutine<T> (scope) => await body(scope), timeout, shield, cancellationToken);
    }

    // ---- MoveOnAfter

    /// <summary>Runs <paramref name="body"/> and abandons it after <paramref name="timeout"/>, without an error. Trio: <c>move_on_after</c>.</summary>
    /// <param name="timeout">From now on.</param>
    /// <param name="body">Receives the scope.</param>
    /// <returns>True when the body ran to its end.</returns>
    /// <example>
    /// <code>
    /// bool inTime = await CancelScope.MoveOnAfter(TimeSpan.FromSeconds(1), async scope =&gt;
    /// {
    ///     await Loop.Sleep(TimeSpan.FromMinutes(1));
    /// });
    /// Console.WriteLine(inTime ? "done" : "went on without it");
    /// </code>
    /// </example>
    [OverloadResolutionPriority(3)]
    public static Coroutine<bool> MoveOnAfter(TimeSpan timeout, Func<CancelScope, Coroutine> body) => Run(body, timeout);

    /// <inheritdoc cref="MoveOnAfter(TimeSpan, Func{CancelScope, Coroutine})"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value, or a canceled outcome.</returns>
    [OverloadResolutionPriority(3)]
    public static Coroutine<Outcome<T>> MoveOnAfter<T>(TimeSpan timeout, Func<CancelScope, Coroutine<T>> body) => Run(body, timeout);

    /// <inheritdoc cref="MoveOnAfter(TimeSpan, Func{CancelScope, Coroutine})"/>
    /// <param name="timeout">From now on.</param>
    /// <param name="body">Receives the scope.</param>
    /// <param name="cancellationToken">Cancels the scope earlier, from any thread.</param>
    [OverloadResolutionPriority(1)]
    public static Coroutine<bool> MoveOnAfter(TimeSpan timeout, Func<CancelScope, Coroutine> body, CancellationToken cancellationToken) =>
        Run(body, timeout, cancellationToken: cancellationToken);

    /// <inheritdoc cref="MoveOnAfter(TimeSpan, Func{CancelScope, Coroutine}, CancellationToken)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value, or a canceled outcome.</returns>
    [OverloadResolutionPriority(1)]
    public static Coroutine<Outcome<T>> MoveOnAfter<T>(TimeSpan timeout, Func<CancelScope, Coroutine<T>> body, CancellationToken cancellationToken) =>
        Run(body, timeout, cancellationToken: cancellationToken);

    /// <inheritdoc cref="MoveOnAfter(TimeSpan, Func{CancelScope, Coroutine}, CancellationToken)"/>
    public static Coroutine<bool> MoveOnAfter(TimeSpan timeout, Func<CancelScope, Task> body, CancellationToken cancellationToken = default) =>
        Run(body, timeout, cancellationToken: cancellationToken);

    /// <inheritdoc cref="MoveOnAfter{T}(TimeSpan, Func{CancelScope, Coroutine{T}}, CancellationToken)"/>
    public static Coroutine<Outcome<T>> MoveOnAfter<T>(TimeSpan timeout, Func<CancelScope, Task<T>> body, CancellationToken cancellationToken = default) =>
        Run(body, timeout, cancellationToken: cancellationToken);

    // ---- FailAfter

    /// <summary>Runs <paramref name="body"/> and fails if it has not ended after <paramref name="timeout"/>. Trio: <c>fail_after</c>.</summary>
    /// <param name="timeout">From now on.</param>
    /// <param name="body">Receives the scope.</param>
    /// <exception cref="TimeoutException">The deadline passed, or the scope was cancelled by hand; the inner exception is the cancellation.</exception>
    [OverloadResolutionPriority(3)]
    public static Coroutine FailAfter(TimeSpan timeout, Func<CancelScope, Coroutine> body) => FailAfter(timeout, body, default);

    /// <inheritdoc cref="FailAfter(TimeSpan, Func{CancelScope, Coroutine})"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value.</returns>
    [OverloadResolutionPriority(3)]
    public static Coroutine<T> FailAfter<T>(TimeSpan timeout, Func<CancelScope, Coroutine<T>> body) => FailAfter(timeout, body, default);

    /// <inheritdoc cref="FailAfter(TimeSpan, Func{CancelScope, Coroutine})"/>
    /// <param name="timeout">From now on.</param>
    /// <param name="body">Receives the scope.</param>
    /// <param name="cancellationToken">Cancels the scope earlier, from any thread.</param>
    /// <exception cref="LoopCanceledException"><paramref name="cancellationToken"/> fired first; the exception carries it.</exception>
    [OverloadResolutionPriority(1)]
    public static async Coroutine FailAfter(TimeSpan timeout, Func<CancelScope, Coroutine> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        var scope = new CancelScope(timeout, shield: false, cancellationToken);
        if (!await scope.RunAsync(() => body(scope)))
        {
            throw TimeoutScope.Expiry(scope.scope, scope.absorbed!);
        }
    }

    /// <inheritdoc cref="FailAfter(TimeSpan, Func{CancelScope, Coroutine}, CancellationToken)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's value.</returns>
    [OverloadResolutionPriority(1)]
    public static async Coroutine<T> FailAfter<T>(TimeSpan timeout, Func<CancelScope, Coroutine<T>> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        var scope = new CancelScope(timeout, shield: false, cancellationToken);
        var outcome = await scope.RunAsync(() => body(scope));
        return scope.absorbed is { } canceled ? throw TimeoutScope.Expiry(scope.scope, canceled) : outcome.Value;
    }

    /// <inheritdoc cref="FailAfter(TimeSpan, Func{CancelScope, Coroutine}, CancellationToken)"/>
    public static Coroutine FailAfter(TimeSpan timeout, Func<CancelScope, Task> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return FailAfter(timeout, async Coroutine (scope) => await body(scope), cancellationToken);
    }

    /// <inheritdoc cref="FailAfter{T}(TimeSpan, Func{CancelScope, Coroutine{T}}, CancellationToken)"/>
    public static Coroutine<T> FailAfter<T>(TimeSpan timeout, Func<CancelScope, Task<T>> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return FailAfter(timeout, async Coroutine<T> (scope) => await body(scope), cancellationToken);
    }
}
