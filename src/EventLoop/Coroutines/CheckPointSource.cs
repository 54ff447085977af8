using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>A wait that completes at once: it only checks for cancellation, and counts against the step's budget.</summary>
[StackTraceHidden]
internal sealed class CheckPointSource : WaitSource
{
    internal static readonly CheckPointSource Instance = new();

    protected override bool TryComplete(LoopCore core, long token) => true;

    protected override void ParkCore(LoopCore core, long token, WaitNode awaiting) => awaiting.Defer(core, null);
}
