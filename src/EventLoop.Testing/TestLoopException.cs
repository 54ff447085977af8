namespace EventLoop.Testing;

/// <summary>A test did what no program should: it left tasks running, lost an exception, never awaited a
/// coroutine, blocked the loop's thread, or did not end.</summary>
/// <param name="message">All that was found.</param>
/// <param name="innerException">The exception behind it, if there is one.</param>
public sealed class TestLoopException(string message, Exception? innerException = null) : Exception(message, innerException);
