using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Executors;

/// <summary>A user's delegate, run in the ExecutionContext of whoever submitted it.</summary>
internal sealed class DelegateJob<T> : ReturningJob
{
    private static readonly int Slot = ItemPools.NewSlot();
    private static readonly ContextCallback RunWork = static job => ((DelegateJob<T>)job!).Call();

    private Delegate? work;      // a Func<T>, or an Action, which has no result
    private ExecutionContext? flow;
    private T? result;

    internal static DelegateJob<T> Rent(LoopCore core, Delegate work)
    {
        var job = core.Pools.TryRent<DelegateJob<T>>(Slot) ?? new DelegateJob<T>();
        job.work = work;
        job.flow = ExecutionContext.Capture();
        return job;
    }

    /// <inheritdoc cref="ReturningJob.End"/>
    /// <returns>What the work returned.</returns>
    internal T EndWithResult()
    {
        var value = result;
        End();
        return value!;
    }

    private protected override void Perform()
    {
        if (flow is null)
        {
            Call();
        }
        else
        {
            ExecutionContext.Run(flow, RunWork, this);
        }
    }

    private void Call()
    {
        if (work is Action action)
        {
            action();
        }
        else
        {
            result = Unsafe.As<Func<T>>(work!)();
        }
    }

    private protected override void Forget()
    {
        work = null;
        flow = null;
        result = default;
    }

    private protected override void Recycle(LoopCore on) => on.Pools.Return(this, Slot);
}
