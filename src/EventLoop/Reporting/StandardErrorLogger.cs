using Microsoft.Extensions.Logging;

namespace EventLoop.Reporting;

/// <summary>Writes to standard error where there is no logger; if that is closed, nowhere. Never throws.</summary>
internal sealed class StandardErrorLogger : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        try
        {
            string line = $"EventLoop: {formatter(state, exception)}";
            Console.Error.WriteLine(exception is null ? line : $"{line}\n{InWords(exception)}");
        }
        catch (Exception)
        {
            // There is nobody left to tell.
        }
    }

    // The text of an exception is user code, too.
    private static string InWords(Exception exception)
    {
        try
        {
            return exception.ToString();
        }
        catch (Exception failure)
        {
            return $"{exception.GetType()}, whose text cannot be had ({failure.GetType()})\n{exception.StackTrace}";
        }
    }
}
