namespace EventLoop;

/// <summary>Somewhere else to run blocking or heavy work. asyncio: <c>concurrent.futures.Executor</c>.</summary>
/// <remarks><b>Thread:</b> any.</remarks>
public interface IExecutor : IAsyncDisposable
{
    /// <summary>Has <paramref name="work"/> run on one of its threads.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="work">Runs outside any loop.</param>
    /// <param name="cancellationToken">Withdraws work that has not begun; what has begun runs to its end.</param>
    /// <returns>Ends as the work ends.</returns>
    /// <exception cref="ObjectDisposedException">The executor was disposed.</exception>
    Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default);
}
