namespace EventLoop;

/// <summary>What an exception handler receives.</summary>
/// <param name="Message">What happened, in words.</param>
/// <param name="Exception">The exception, where there is one.</param>
/// <param name="Awaitable">The task or future that it concerns.</param>
/// <param name="Handle">The callback that it concerns.</param>
/// <param name="CreatedAt">Where that was made; debug mode only.</param>
public sealed record LoopExceptionContext(string Message, Exception? Exception = null, LoopAwaitable? Awaitable = null, Handle? Handle = null,
    string? CreatedAt = null);
