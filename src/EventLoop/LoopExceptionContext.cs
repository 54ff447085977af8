namespace EventLoop;

/// <summary>What an exception handler receives.</summary>
/// <param name="Message">What happened, in words.</param>
/// <param name="Exception">The exception, if there is one.</param>
/// <param name="Awaitable">The task or future that it concerns, if any.</param>
/// <param name="Handle">The callback that it concerns, if any.</param>
/// <param name="CreatedAt">Where that was made; null without debug mode.</param>
public sealed record LoopExceptionContext(string Message, Exception? Exception = null, LoopAwaitable? Awaitable = null, Handle? Handle = null,
    string? CreatedAt = null);
