using Microsoft.Extensions.Logging;

namespace EventLoop.Reporting;

/// <summary>
/// The user's logger, guarded: a provider whose disk is full throws at every line. What cannot be logged goes to standard error, together with what the logger
/// threw, once; the code that logs never sees an exception. Any thread.
/// </summary>
/// <param name="logger">Null: there is none.</param>
internal sealed class GuardedLogger(ILogger? logger) : ILogger
{
    private static readonly StandardErrorLogger StandardError = new();

    private ReportThrottle failures;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel)
    {
        if (logger is null)
        {
            return StandardError.IsEnabled(logLevel);
        }

        try
        {
            return logger.IsEnabled(logLevel);
        }
        catch (Exception failure)
        {
            Tell(failure);
            return StandardError.IsEnabled(logLevel);
        }
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            if (logger is not null)
            {
                logger.Log(logLevel, eventId, state, exception, formatter);
                return;
            }
        }
        catch (Exception failure)
        {
            Tell(failure);
        }

        StandardError.Log(logLevel, eventId, state, exception, formatter);
    }

    private void Tell(Exception failure)
    {
        if (failures.IsWorthTelling(out long number))
        {
            StandardError.Log(LogLevel.Error, default, $"The logger threw; what it was to log comes here{ReportThrottle.InWords(number)}", failure,
                static (text, _) => text);
        }
    }
}
