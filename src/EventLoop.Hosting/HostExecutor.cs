namespace EventLoop.Hosting;

/// <summary>The executor of a hosted loop if the application provides none: the thread pool. Disposed by the container, which may know only
/// <see cref="IDisposable"/>, and must not wait for work that never ends.</summary>
/// <param name="patience">How long it waits for its work; limited to what timers accept.</param>
internal sealed class HostExecutor(TimeSpan patience) : IExecutor, IDisposable
{
    private readonly ThreadPoolExecutor pool = new();

    public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default) => pool.SubmitAsync(work, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await pool.DisposeAsync().AsTask().WaitAsync(patience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Threads of the pool do not keep the process alive.
        }
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
