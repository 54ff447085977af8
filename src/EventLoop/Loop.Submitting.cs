using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Tasks;

namespace EventLoop;

// Submitting work, usually from other threads.
public sealed partial class Loop
{
    /// <summary>Runs a coroutine on this loop, in a new task. Any thread. asyncio: <c>run_coroutine_threadsafe</c>.</summary>
    /// <param name="body">Called on the loop's thread, in a new task.</param>
    /// <param name="cancellationToken">Cancels that task.</param>
    /// <returns>Ends as the task does; its continuations never run on the loop's thread unless they ask for it. When the loop is closed first, or its run ends
    /// before the work has begun, it fails with <see cref="ObjectDisposedException"/>.</returns>
    /// <remarks>On the loop's own thread this makes an ordinary task, which must be awaited: blocking there until it has completed would never end.</remarks>
    /// <exception cref="ObjectDisposedException">The loop is closed, or its run is ending because main has completed.</exception>
    /// <example>
    /// <code>
    /// Loop loop = Loop.Current;
    /// await Task.Run(async () =&gt;
    /// {
    ///     // on a thread of the pool: this runs on the loop, and the await ends when it has
    ///     await loop.Submit(async () =&gt; await Loop.Sleep(10));
    /// });
    /// </code>
    /// </example>
    [OverloadResolutionPriority(1)]
    public Task Submit(Func<Coroutine> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Submit(
            async Coroutine<NoResult> () =>
            {
                await body();
                return NoResult.None;
            },
            cancellationToken);
    }

    /// <inheritdoc cref="Submit(Func{Coroutine}, CancellationToken)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    [OverloadResolutionPriority(1)]
    public Task<T> Submit<T>(Func<Coroutine<T>> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (closed)
        {
            Throw.Closed(Name);
        }

        if (IsEnding)
        {
            Throw.Ending(Name);
        }

        return Submission<T>.Hand(this, body, cancellationToken);
    }

    /// <inheritdoc cref="Submit(Func{Coroutine}, CancellationToken)"/>
    public Task Submit(Func<Task> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Submit(async Coroutine () => await body(), cancellationToken);
    }

    /// <inheritdoc cref="Submit{T}(Func{Coroutine{T}}, CancellationToken)"/>
    public Task<T> Submit<T>(Func<Task<T>> body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Submit(async Coroutine<T> () => await body(), cancellationToken);
    }

    /// <summary>Runs a function on this loop. Any thread.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="function">Called on the loop's thread, in a new task.</param>
    /// <param name="cancellationToken">Withdraws the call as long as it has not begun.</param>
    /// <inheritdoc cref="Submit(Func{Coroutine}, CancellationToken)" path="/returns|/exception"/>
    /// <exception cref="ArgumentException">The function returns something that has to be awaited, and nobody would await it.</exception>
    [OverloadResolutionPriority(-1)]
    public Task<T> Submit<T>(Func<T> function, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(function);
        if (SubmittedType<T>.IsAwaitable)
        {
            throw new ArgumentException(
                $"The function returns a {typeof(T).Name}, which nobody would await. Submit it as a coroutine: loop.Submit(async () => await ...).",
                    nameof(function));
        }

        return Submit(async Coroutine<T> () => function(), cancellationToken);
    }

    /// <inheritdoc cref="Submit{T}(Func{T}, CancellationToken)" path="/summary"/>
    /// <inheritdoc cref="Submit(Func{Coroutine}, CancellationToken)" path="/returns|/exception"/>
    /// <param name="action">Called on the loop's thread, in a new task.</param>
    /// <param name="cancellationToken">Withdraws the call as long as it has not begun.</param>
    [OverloadResolutionPriority(-1)]
    public Task Submit(Action action, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(action);
        return Submit(
            async Coroutine<NoResult> () =>
            {
                action();
                return NoResult.None;
            },
            cancellationToken);
    }

    internal OutsideWaits OutsideWaits { get; } = new();

    /// <summary>Refuses result types that a plain function must not return, because they would never be awaited.</summary>
    private static class SubmittedType<T>
    {
        internal static readonly bool IsAwaitable = typeof(LoopAwaitable).IsAssignableFrom(typeof(T)) || typeof(T) == typeof(ValueTask)
            || (typeof(T).IsGenericType && typeof(T).GetGenericTypeDefinition() == typeof(ValueTask<>));
    }
}
