using System.Runtime.CompilerServices;
using EventLoop.Cancellation;
using EventLoop.Coroutines;
using EventLoop.Foreign;
using EventLoop.Polling;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>
/// The engine as it serves a <see cref="EventLoop.Loop"/>: the state that the rooms above keep for each loop, and the decisions that the engine delegates. It
/// is one object, so that what every step looks for lies side by side; each room reaches its own part through <see cref="LoopStateAccess"/>.
/// </summary>
/// <remarks>Fields belong to the loop's thread unless they say otherwise.</remarks>
[StackTraceHidden]
internal sealed class LoopState : LoopCore
{
    internal readonly Loop Loop;
    internal readonly TaskTable Tasks = new();
    internal readonly TaskNumbers TaskNumbers;
    internal readonly CancelRounds CancelRounds = new();

    internal ConditionalWeakTable<Task, ForeignTask>? ForeignTasks;
    internal ConditionalWeakTable<Task, ForeignWait>? AbandonedWaits;
    internal long Deliveries;
    internal bool WatchesCoroutines;
    internal bool InterruptsForeignAwaits = true;
    internal Failure? LatestFailure;         // of a coroutine

    /// <summary>The blocks of the connections, which their room makes and knows the type of.</summary>
    internal object? Blocks;

    internal LoopState(Loop loop, LoopClock clock, IPoller poller, bool observeBlocking, int? seed)
        : base(clock, poller, observeBlocking, seed)
    {
        Loop = loop;
        TaskNumbers = new TaskNumbers(Tasks);
    }

    internal override string Name => Loop.Name;

    internal override void OnCallbackFailed(Exception exception, CallbackItem? item = null, int version = 0, string? createdAt = null) =>
        Loop.Reports.CallbackFailed(exception, item is null ? null : Handle.For(item, version), createdAt);

    internal override void OnLateContinuation() => Loop.Reports.LateContinuation();

    internal override void OnBlockingWait() => Loop.Reports.BlockingWait();

    private protected override void OnWrongThread(string member) => Loop.Reports.WrongThread(member);

    private protected override void OnTimerFailed(Exception exception) => Loop.Reports.TimerFailed(exception);

    private protected override void OnWakeUpLost() => Loop.Reports.WakeUpLost();

    private protected override void OnNothingReady(bool isParkingHeard)
    {
        LatestFailure = null;
        if (isParkingHeard)
        {
            Loop.ForgetClosedWatches();      // nothing will come of them, and time need not stand still for them
        }
    }

    private protected override void OnClosed()
    {
        if (ForeignTasks is not null)
        {
            ForeignTask.LetGo(ForeignTasks);
        }
    }
}
