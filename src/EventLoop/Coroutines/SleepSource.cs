using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>Loop.Sleep, and Yield as a coroutine. The token is the delay in ticks.</summary>
[StackTraceHidden]
internal sealed class SleepSource : WaitSource, IWaitTarget
{
    internal const long Yield = 0;
    internal const long Forever = -1;

    internal static readonly SleepSource Instance = new();

    // Waits without a deadline wait for this one, so that a timer that has just fired does not look endless from another thread.
    private static readonly SleepSource Endless = new();

    internal static Coroutine Sleep(TimeSpan delay) => new(
        Instance,
        delay == Timeout.InfiniteTimeSpan ? Forever : delay <= TimeSpan.Zero ? Yield : delay.Ticks);

    protected override bool TryComplete(LoopCore core, long token) => false;

    protected override void ParkCore(LoopCore core, long token, WaitNode awaiting)
    {
        if (token == Yield)
        {
            awaiting.Yield(core);
            return;
        }

        long due;
        try
        {
            due = token == Forever ? LoopClock.Never : core.Clock.ReadDeadlineAfter(token);
        }
        catch (Exception failure)
        {
            awaiting.Defer(core, failure);      // thrown by the await: thrown from here it would bypass the method's finally blocks
            return;
        }

        if (due != LoopClock.Never)
        {
            core.Timers.Add(due, awaiting);
        }

        awaiting.Park(due == LoopClock.Never ? Endless : this);
    }

    public override void End(long token)
    {
        LoopCore.ThrowIfInterrupted();
        if (LoopCore.Running is { } core)
        {
            core.TakeEnd(token == Yield ? WaitState.Yielding : WaitState.Due, "sleep");
        }
        else
        {
            Throw.NotCompleted("sleep");
        }
    }

    AbortResult IWaitTarget.Abort(WaitNode node, string? reason) => AbortResult.GivenUp;     // waking it removes it from the timers

    WaitKind IWaitTarget.Kind => WaitKind.Sleep;

    string IWaitTarget.Describe(WaitNode node) => ReferenceEquals(this, Endless) ? "sleep (forever)" : "sleep";
}
