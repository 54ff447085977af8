using System.ComponentModel;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>The result of <see cref="Loop.Yield"/>: awaiting it lets everything that is ready now run first. asyncio: <c>sleep(0)</c>.</summary>
/// <remarks><b>Cancellation:</b> a pending one is thrown at once; one that arrives while the yield is queued is thrown instead of its completion. <b>Cost:</b>
/// 0 bytes.</remarks>
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
