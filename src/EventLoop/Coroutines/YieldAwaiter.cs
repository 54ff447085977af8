using System.ComponentModel;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>For <c>await</c>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
[StackTraceHidden]
public readonly struct YieldAwaiter : ICriticalNotifyCompletion, ILoopAwaiter
{
    // Looked up once for the whole await.
    private readonly LoopCore? core;

    internal YieldAwaiter(LoopCore? core) => this.core = core;

    /// <summary>Whether a cancellation is pending; otherwise the yield always waits.</summary>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public bool IsCompleted => (core ?? LoopCore.Required).TryInterrupt(out bool completed) && completed;

    /// <summary>Ends the await.</summary>
    /// <exception cref="InvalidOperationException">Nobody has waited.</exception>
    public void GetResult()
    {
        LoopCore.ThrowIfInterrupted();
        if ((core ?? LoopCore.Running) is { } here)
        {
            here.TakeEnd(WaitState.Yielding, "yield");
        }
        else
        {
            Throw.NotCompleted("yield");
        }
    }

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void OnCompleted(Action c) => Park(LoopCore.Required, ContinuationNode.Rent(LoopCore.Required, c, captureFlow: true));

    /// <summary>For <c>await</c> in methods that are not coroutines.</summary>
    public void UnsafeOnCompleted(Action c) => Park(LoopCore.Required, ContinuationNode.Rent(LoopCore.Required, c, captureFlow: false));

    LoopCore ILoopAwaiter.Core => core ?? LoopCore.Required;

    void ILoopAwaiter.Park(LoopCore on, WaitNode awaiting) => Park(on, awaiting);

    private static void Park(LoopCore core, WaitNode node)
    {
        if (!core.TryParkDeferred(node))
        {
            node.Yield(core);
        }
    }
}
