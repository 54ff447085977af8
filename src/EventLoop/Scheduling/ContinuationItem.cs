namespace EventLoop.Scheduling;

/// <summary>A continuation that .NET posted through a captured context: usually the rest of an ordinary <c>async Task</c> method.</summary>
[StackTraceHidden]
internal sealed class ContinuationItem : LoopItem
{
    private static readonly int Slot = ItemPools.NewSlot();

    private SendOrPostCallback? callback;
    private object? state;

    internal static ContinuationItem Create(LoopContext context, SendOrPostCallback callback, object? state, bool pooled)
    {
        var item = (pooled ? context.Core.Pools.TryRent<ContinuationItem>(Slot) : null) ?? new ContinuationItem();
        item.Context = context;
        item.callback = callback;
        item.state = state;
        return item;
    }

    internal override Delegate? UserCode => state as Delegate ?? callback;

    internal override void Execute()
    {
        var core = Context!.Core;
        var run = callback!;
        object? argument = state;
        callback = null;
        state = null;
        Context = null;
        core.Pools.Return(this, Slot);
        core.ThreadContexts.RestoreFlow(null);      // the method brings its own
        try
        {
            run(argument);
        }
        catch (Exception exception)
        {
            core.OnCallbackFailed(exception);
        }
    }

    internal override void OnRejected(LoopCore core)
    {
        if (state is not Action { Target: IAbandonable { IsAbandoned: true } })
        {
            core.OnLateContinuation();
        }

        ThreadPool.UnsafeQueueUserWorkItem(static late => late.ContinueElsewhere(), this, preferLocal: false);
    }

    // On the thread pool, where an exception that nobody catches would end the process.
    private void ContinueElsewhere()
    {
        try
        {
            callback!(state);
        }
        catch (Exception exception)
        {
            Context!.Core.OnCallbackFailed(exception);
        }
    }
}
