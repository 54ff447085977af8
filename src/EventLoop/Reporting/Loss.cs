namespace EventLoop.Reporting;

/// <summary>Something that must not vanish: a failure that nobody has looked at, a coroutine that nobody has awaited.</summary>
/// <param name="message">What is said of it.</param>
/// <param name="exception">The failure, if it is one.</param>
/// <param name="about">What failed. Held weakly: the loss must not keep alive what it waits to see die.</param>
/// <param name="createdAt">Where that was made, if it was noted.</param>
internal sealed class Loss(string message, Exception? exception, object? about, string? createdAt)
{
    private readonly WeakReference<object>? about = about is null ? null : new(about);
    private int settled;

    internal string Message => message;

    internal Exception? Exception => exception;

    internal object? About => about is not null && about.TryGetTarget(out object? alive) ? alive : null;

    internal string? CreatedAt => createdAt;

    /// <summary>True for the first who asks: it was looked at, or was reported. Any thread.</summary>
    internal bool TrySettle() => Interlocked.Exchange(ref settled, 1) == 0;
}
