namespace EventLoop.Hosting;

/// <summary>
/// The time that one outgoing request may take: what is done inside is cancelled when it has elapsed, and then throws <see cref="TimeoutException"/>.
/// </summary>
internal sealed class RequestDeadline : IDisposable
{
    private readonly CancellationTokenSource source;
    private readonly string message;
    private bool isDisposed;       // any thread

    internal RequestDeadline(TimeSpan time, string message)
    {
        source = new CancellationTokenSource(time);
        this.message = message;
    }

    internal async Task<T> RunAsync<TState, TInput,
        T>(TState state, Func<TState, TInput, CancellationToken, Task<T>> body, TInput input, CancellationToken outer)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref isDisposed), typeof(HttpContent));
        using var linked = outer.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(source.Token, outer) : null;
        try
        {
            return await body(state, input, linked?.Token ?? source.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsOver(failure, outer))
        {
            throw new TimeoutException(message, failure);
        }
    }

    public void Dispose()
    {
        if (!Interlocked.Exchange(ref isDisposed, true))
        {
            source.Dispose();
        }
    }

    // An interrupted connection is reported by more than one kind of exception.
    private bool IsOver(Exception failure, CancellationToken outer) =>
        failure is OperationCanceledException or IOException or HttpRequestException && source.IsCancellationRequested && !outer.IsCancellationRequested;
}
