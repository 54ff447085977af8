using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

// The flow that a method was suspended in, where it is not the loop's own. That is seldom so, and boxes come by the million: it has no field.
internal abstract partial class CoroutineBox
{
    private ExecutionContext? Flow => (Flags & RootFlag) != 0 ? Unsafe.As<ExecutionContext>(link) : Unsafe.As<AwaiterInFlow>(link!).Flow;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SetFlow(LoopCore core, ExecutionContext? flow)
    {
        if ((Flags & RootFlag) != 0)
        {
            link = flow;
            Flags = flow is null ? (byte)(Flags & ~FlowFlag) : (byte)(Flags | FlowFlag);
        }
        else if ((Flags & FlowFlag) != 0)
        {
            Unsafe.As<AwaiterInFlow>(link!).Flow = flow;
        }
        else
        {
            link = AwaiterInFlow.Rent(core, Unsafe.As<WaitNode?>(link), flow);
            Flags |= FlowFlag;
        }
    }

    // It has suspended in a flow before anybody awaited it.
    private bool TryParkInFlow(long token, WaitNode awaiting)
    {
        if (Version != token + 1 || (Flags & (FlowFlag | DoneFlag | RootFlag)) != FlowFlag || Unsafe.As<AwaiterInFlow>(link!) is not { Awaiter: null } pair)
        {
            return false;
        }

        pair.Awaiter = awaiting;
        return true;
    }

    // The node that awaits it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private WaitNode? LeaveFlow() => (Flags & RootFlag) != 0 ? null : Unsafe.As<AwaiterInFlow>(link!).Return(Core);
}
