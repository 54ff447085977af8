using EventLoop.Debugging;
using EventLoop.Reporting;
using Microsoft.Extensions.Logging;

namespace EventLoop.Testing.Running;

/// <summary>Used if a test gives no logger of its own: writes to standard error, except what the test's failure says already.</summary>
internal sealed class TestLogging : ILoggerFactory, ILogger
{
    internal static readonly TestLogging Instance = new();

    private const int ShutdownTimedOut = 6;

    private readonly StandardErrorLogger target = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => target.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id != ShutdownTimedOut)
        {
            target.Log(logLevel, eventId, state, exception, formatter);
        }
    }

    public void Dispose()
    {
    }
}
