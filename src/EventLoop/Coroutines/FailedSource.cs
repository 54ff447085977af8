using System.Runtime.ExceptionServices;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>A coroutine that fails when it is awaited.</summary>
[StackTraceHidden]
internal sealed class FailedSource<T> : ICoroutineSource<T>
{
    private readonly ExceptionDispatchInfo failure;

    internal FailedSource(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        failure = ExceptionDispatchInfo.Capture(exception);
    }

    public bool Start(long token) => true;

    public void Park(LoopCore core, long token, WaitNode awaiting) => awaiting.Defer(core, null);

    public void End(long token) => failure.Throw();

    public T EndWithResult(long token)
    {
        failure.Throw();
        return default!;
    }
}
