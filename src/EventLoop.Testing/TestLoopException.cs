namespace EventLoop.Testing;

/// <summary>A test left something behind that no program should: tasks left running, a lost exception, an unawaited coroutine, a blocked loop thread; or it
/// did not end.</summary>
/// <param name="message">Everything that was found.</param>
/// <param name="innerException">The exception behind it, if there is one.</param>
public sealed class TestLoopException(string message, Exception? innerException = null) : Exception(message, innerException);
