namespace EventLoop.Reporting;

/// <summary>Something that must not vanish: a failure that nobody has retrieved, a coroutine that nobody has awaited.</summary>
/// <param name="message">The message of the report.</param>
/// <param name="exception">The failure, if it is one.</param>
/// <param name="about">What failed. Referenced weakly: the loss must not keep alive the object whose collection it waits for.</param>
/// <param name="createdAt">Where that was made, if it was recorded.</param>
internal sealed class Loss(string message, Exception? exception, object? about, string? createdAt)
{
    private readonly WeakReference<object>? about = about is null ? null : new(about);
    private int settled;

    internal string Message => message;

    internal Exception? Exception => exception;

    internal object? About => about is not null && about.TryGetTarget(out object? alive) ? alive : null;

    internal string? CreatedAt => createdAt;

    /// <summary>True for the first caller: it was looked at, or was reported. Any thread.</summary>
    internal bool TrySettle() => Interlocked.Exchange(ref settled, 1) == 0;
}
