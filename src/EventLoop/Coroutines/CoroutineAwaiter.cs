using System.ComponentModel;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>For <c>await</c>: calling <see cref="IsCompleted"/> starts the coroutine.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
[StackTraceHidden]
public readonly struct CoroutineAwaiter : ICriticalNotifyCompletion, ILoopAwaiter
{
    private readonly ICoroutineSource? source;
    private readonly long token;

    internal CoroutineAwaiter(ICoroutineSource? source, long token)
    {
        this.source = source;
        this.token = token;
    }

    /// <summary>Whether the coroutine has ended at once; the call starts it.</summary>
    /// <exception cref="InvalidOperationException">No loop runs on this thread, or the coroutine has started already.</exception>
    public bool IsCompleted => source is null ? HasEnded(token) : source.Start(token);

    /// <summary>Ends the await; throws what the coroutine threw.</summary>
    /// <exception cref="InvalidOperationException">It has not completed: this does not wait.</exception>
    public void GetResult()
    {
        if (source is null)
        {
            Coroutine.VerifyEnded(token);
        }
        else
        {
            source.End(token);
        }
    }

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void OnCompleted(Action c)
    {
        var core = LoopCore.Required;
        Park(source, core, token, ContinuationNode.Rent(core, c, captureFlow: true));
    }

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void UnsafeOnCompleted(Action c)
    {
        var core = LoopCore.Required;
        Park(source, core, token, ContinuationNode.Rent(core, c, captureFlow: false));
    }

    LoopCore ILoopAwaiter.Core => LoopCore.Required;

    void ILoopAwaiter.Park(LoopCore core, WaitNode awaiting) => source!.Park(core, token, awaiting);

    internal static bool HasEnded(long token)
    {
        Coroutine.VerifyEnded(token);
        return true;
    }

    /// <summary>Parks a continuation that is a delegate.</summary>
    internal static void Park(ICoroutineSource? source, LoopCore core, long token, WaitNode awaiting)
    {
        if (source is null)
        {
            Coroutine.VerifyEnded(token);
            awaiting.Defer(core, null);
        }
        else
        {
            source.Park(core, token, awaiting);
        }
    }
}

/// <summary>For <c>await</c>: calling <see cref="IsCompleted"/> starts the coroutine.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
[EditorBrowsable(EditorBrowsableState.Never)]
[StackTraceHidden]
public readonly struct CoroutineAwaiter<T> : ICriticalNotifyCompletion, ILoopAwaiter
{
    private readonly ICoroutineSource<T>? source;
    private readonly long token;
    private readonly T? value;

    internal CoroutineAwaiter(ICoroutineSource<T>? source, long token, T? value)
    {
        this.source = source;
        this.token = token;
        this.value = value;
    }

    /// <summary>Whether the coroutine has ended at once; the call starts it.</summary>
    /// <exception cref="InvalidOperationException">No loop runs on this thread, or the coroutine has started already.</exception>
    public bool IsCompleted => source is null ? CoroutineAwaiter.HasEnded(token) : source.Start(token);

    /// <summary>Ends the await with the result; throws what the coroutine threw.</summary>
    /// <exception cref="InvalidOperationException">It has not completed: this does not wait.</exception>
    public T GetResult()
    {
        if (source is null)
        {
            Coroutine.VerifyEnded(token);
            return value!;
        }

        return source.EndWithResult(token);
    }

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void OnCompleted(Action c)
    {
        var core = LoopCore.Required;
        CoroutineAwaiter.Park(source, core, token, ContinuationNode.Rent(core, c, captureFlow: true));
    }

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void UnsafeOnCompleted(Action c)
    {
        var core = LoopCore.Required;
        CoroutineAwaiter.Park(source, core, token, ContinuationNode.Rent(core, c, captureFlow: false));
    }

    LoopCore ILoopAwaiter.Core => LoopCore.Required;

    void ILoopAwaiter.Park(LoopCore core, WaitNode awaiting) => source!.Park(core, token, awaiting);
}
