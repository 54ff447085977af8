using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Testing.Running;

/// <summary>The tasks that wait until their loop is idle. It comes before anything else that observes an idle loop, usually a virtual clock. Loop thread
/// only.</summary>
internal sealed class IdleWatch : WaitSource, IWaitTarget
{
    private static readonly ConditionalWeakTable<LoopCore, IdleWatch> All = [];

    private WaiterQueue waiters;

    private IdleWatch(LoopCore core) => core.Instruments.Add(new IdleInstrument(_ => Release(core)), Hearing.Parking, first: true);

    internal static IdleWatch Of(LoopCore core) => All.GetValue(core, static core => new IdleWatch(core));

    internal static Coroutine Wait(LoopCore core) => new(Of(core), 0);

    protected override bool TryComplete(LoopCore core, long token) => false;

    protected override void ParkCore(LoopCore core, long token, WaitNode awaiting)
    {
        waiters.Add(awaiting);
        awaiting.Park(this);
    }

    private bool Release(LoopCore core)
    {
        if (waiters.IsEmpty || core.InFlight)
        {
            return false;
        }

        if (core.HasSources && core.Inbox.IsEmpty)
        {
            core.Poller.Poll(0);
        }

        if (core.Inbox.IsEmpty && core.Ready.Count == 0)
        {
            waiters.WakeAll(core);
        }

        return true;
    }

    AbortResult IWaitTarget.Abort(WaitNode node, string? reason)
    {
        waiters.Remove(node);
        return AbortResult.GivenUp;
    }

    string IWaitTarget.Describe(WaitNode node) => "the loop to be idle";
}
