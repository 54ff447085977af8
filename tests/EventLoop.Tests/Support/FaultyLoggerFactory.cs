using Microsoft.Extensions.Logging;

namespace EventLoop.Tests.Support;

/// <summary>A logger whose disk is full.</summary>
public sealed class FaultyLoggerFactory : ILoggerFactory, ILogger
{
    public bool CreateFails { get; init; }

    public bool IsEnabledFails { get; init; }

    public ILogger CreateLogger(string categoryName) => CreateFails ? throw Failure() : this;

    public void AddProvider(ILoggerProvider provider)
    {
        // There is one sink, and it is full.
    }

    public void Dispose()
    {
        // Holds nothing to release.
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => throw Failure();

    public bool IsEnabled(LogLevel logLevel) => IsEnabledFails ? throw Failure() : true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        throw Failure();

    private static IOException Failure() => new("no space left on the log's disk");
}
