using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>
/// Stands in a waiter queue like any waiter, but is notified at once, inside the completion: for the library's own combinators, whose code is short and calls
/// no user code.
/// </summary>
[StackTraceHidden]
internal abstract class CompletionObserver : WaitNode
{
    internal LoopAwaitable? Watched;

    /// <summary>The task that waits through this observer, for the live view.</summary>
    internal virtual LoopTask? OwnerTask => null;

    internal abstract void OnEnded(LoopAwaitable ended);

    internal sealed override void Wake(LoopCore core)
    {
        State = WaitState.Idle;
        OnEnded(Watched!);
    }

    internal sealed override void Execute() => throw new InvalidOperationException("An observer is notified, never run.");
}
