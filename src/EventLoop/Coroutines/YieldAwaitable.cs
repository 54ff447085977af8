using System.ComponentModel;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>What <see cref="Loop.Yield"/> gives: awaiting it lets everything that is ready now run first. asyncio: <c>sleep(0)</c>.</summary>
/// <remarks><b>Cancellation:</b> a pending one is thrown at once; one that arrives while it is queued takes its place. <b>Cost:</b> 0 bytes.</remarks>
public readonly struct YieldAwaitable
{
    private readonly LoopCore? core;

    internal YieldAwaitable(LoopCore? core) => this.core = core;

    /// <summary>For combinators that take coroutines.</summary>
    /// <param name="yield">The yield to be awaited later.</param>
    public static implicit operator Coroutine(YieldAwaitable yield) => new(SleepSource.Instance, SleepSource.Yield);

    /// <summary>For <c>await</c>.</summary>
    public YieldAwaiter GetAwaiter() => new(core);
}

/// <summary>For <c>await</c>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
[StackTraceHidden]
public readonly struct YieldAwaiter : ICriticalNotifyCompletion, ILoopAwaiter
{
    // Looked up once for the whole await.
    private readonly LoopCore? core;

    internal YieldAwaiter(LoopCore? core) => this.core = core;

    /// <summary>False, unless a cancellation is due.</summary>
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
