namespace EventLoop;

/// <summary>A place other than the loop to run blocking or CPU-bound work. asyncio: <c>concurrent.futures.Executor</c>.</summary>
/// <remarks><b>Thread:</b> any.</remarks>
public interface IExecutor : IAsyncDisposable
{
    /// <summary>Runs <paramref name="work"/> on one of its threads.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="work">Runs outside any loop.</param>
    /// <param name="cancellationToken">Withdraws work that has not begun; work that has begun runs to its end.</param>
    /// <returns>A task that ends as the work does.</returns>
    /// <exception cref="ObjectDisposedException">The executor was disposed.</exception>
    Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default);
}
