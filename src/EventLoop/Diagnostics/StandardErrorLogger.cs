using Microsoft.Extensions.Logging;

namespace EventLoop.Diagnostics;

/// <summary>Where there is no logger, what has to be said goes to standard error.</summary>
internal sealed class StandardErrorLogger : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Console.Error.WriteLine(exception is null ? $"EventLoop: {formatter(state, exception)}" : $"EventLoop: {formatter(state, exception)}\n{exception}");
        }
    }
}
