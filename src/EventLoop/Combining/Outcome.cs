using System.Runtime.ExceptionServices;

namespace EventLoop;

/// <summary>How something without a result ended.</summary>
public readonly struct Outcome
{
    internal Outcome(Exception? exception)
    {
        Exception = exception;
    }

    /// <summary>Whether it succeeded.</summary>
    public bool IsSuccess => Exception is null;

    /// <summary>Whether it was canceled, so that <see cref="Exception"/> is its <see cref="LoopCanceledException"/>.</summary>
    public bool IsCanceled => Exception is LoopCanceledException;

    /// <summary>The exception that it ended with; null if it succeeded.</summary>
    public Exception? Exception { get; }

    /// <inheritdoc/>
    public override string ToString() => IsSuccess ? "success" : IsCanceled ? "canceled" : $"failure: {Exception!.Message}";
}

/// <summary>How something ended, with its result if it has one. asyncio: an entry of <c>gather(return_exceptions=True)</c>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
public readonly struct Outcome<T>
{
    private readonly T? value;

    internal Outcome(T? value, Exception? exception)
    {
        this.value = value;
        Exception = exception;
    }

    /// <summary>Whether it was canceled, so that <see cref="Exception"/> is its <see cref="LoopCanceledException"/>.</summary>
    public bool IsCanceled => Exception is LoopCanceledException;

    /// <summary>Whether it succeeded.</summary>
    public bool IsSuccess => Exception is null;

    /// <summary>The result.</summary>
    /// <exception cref="Exception">It did not succeed; its exception is rethrown.</exception>
    public T Value
    {
        get
        {
            if (Exception is not null)
            {
                ExceptionDispatchInfo.Throw(Exception);
            }

            return value!;
        }
    }

    /// <summary>The exception that it ended with; null if it succeeded.</summary>
    public Exception? Exception { get; }

    /// <inheritdoc/>
    public override string ToString() => IsSuccess ? $"success: {value}" : IsCanceled ? "canceled" : $"failure: {Exception!.Message}";
}
