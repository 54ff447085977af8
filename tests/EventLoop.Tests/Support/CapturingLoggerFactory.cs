using Microsoft.Extensions.Logging;

namespace EventLoop.Tests.Support;

public sealed record LogEntry(string Category, LogLevel Level, EventId Event, string Message, Exception? Exception);

/// <summary>Keeps every line that a loop logs, at every level, from any thread.</summary>
public sealed class CapturingLoggerFactory : ILoggerFactory
{
    private readonly List<LogEntry> _entries = [];

    public IReadOnlyList<LogEntry> Entries
    {
        get
        {
            lock (_entries)
            {
                return [.. _entries];
            }
        }
    }

    public IEnumerable<LogEntry> Warnings => Entries.Where(static entry => entry.Level >= LogLevel.Warning);

    public ILogger CreateLogger(string categoryName) => new CapturingLogger(this, categoryName);

    public void AddProvider(ILoggerProvider provider)
    {
        // There is one sink, and this is it.
    }

    public void Dispose()
    {
        // Holds nothing to release.
    }

    private sealed class CapturingLogger(CapturingLoggerFactory owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var entry = new LogEntry(category, logLevel, eventId, formatter(state, exception), exception);
            lock (owner._entries)
            {
                owner._entries.Add(entry);
            }
        }
    }
}
