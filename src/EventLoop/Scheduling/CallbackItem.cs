using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>A scheduled callback. Pooled; a <see cref="Handle"/> references it together with its version, so that a stale handle affects no other
/// callback.</summary>
[StackTraceHidden]
internal abstract class CallbackItem : LoopItem
{
    /// <summary>Incremented when the item is finished; any thread may compare it.</summary>
    internal int Version;

    internal ExecutionContext? Flow;
    internal string? CreatedAt;

    protected bool Cancelled;

    /// <summary>Cancels for a handle: does nothing if the callback has begun; otherwise it never runs, and what it references is released now.</summary>
    internal void Cancel(int version)
    {
        if (Context is not { } context)
        {
            return;
        }

        context.Core.VerifyAccess("Handle.Cancel");
        if (Version != version || Cancelled)
        {
            return;
        }

        if (TimerSlot != 0)
        {
            context.Core.Timers.Remove(this);
            Recycle(context.Core);
        }
        else
        {
            Cancelled = true;      // it is in the ready queue, where its turn will do nothing
            Release();
        }
    }

    protected abstract void Release();

    protected abstract void Recycle(LoopCore core);
}

/// <inheritdoc/>
[StackTraceHidden]
internal sealed class CallbackItem<TState> : CallbackItem
{
    private static readonly int Slot = ItemPools.NewSlot();

    private Action<TState>? callback;
    private TState? state;

    /// <summary>Loop thread only.</summary>
    internal static CallbackItem<TState> Rent(LoopCore core, Action<TState> callback, TState state, LoopContext context)
    {
        var item = core.Pools.TryRent<CallbackItem<TState>>(Slot) ?? new();
        item.Set(callback, state, context);
        return item;
    }

    /// <summary>Any thread.</summary>
    internal static CallbackItem<TState> Create(Action<TState> callback, TState state, LoopContext context)
    {
        var item = new CallbackItem<TState>();
        item.Set(callback, state, context);
        return item;
    }

    private void Set(Action<TState> callback, TState state, LoopContext context)
    {
        this.callback = callback;
        this.state = state;
        Context = context;
    }

    // The library's own lambdas get the user's delegate as their state, or as the first part of it.
    internal override Delegate? UserCode => (object?)state switch
    {
        Delegate given => given,
        ITuple { Length: > 0 } several when several[0] is Delegate given => given,
        _ => callback,
    };

    internal override void Execute()
    {
        var core = Context!.Core;
        if (Cancelled)
        {
            Recycle(core);
            return;
        }

        var run = callback!;
        var argument = state!;
        var flow = Flow;
        string? createdAt = CreatedAt;
        int version = Version;
        Recycle(core);
        core.ThreadContexts.RestoreFlow(flow);
        try
        {
            run(argument);
        }
        catch (Exception exception)
        {
            core.ThreadContexts.RestoreFlow(flow);
            core.OnCallbackFailed(exception, this, version, createdAt);
        }
    }

    // A callback is written for the loop's thread: one that had not run when the loop was closed is not run at all.
    internal override void OnRejected(LoopCore core) => Release();

    protected override void Release()
    {
        callback = null;
        Flow = null;
        CreatedAt = null;
        if (RuntimeHelpers.IsReferenceOrContainsReferences<TState>())
        {
            state = default;
        }
    }

    protected override void Recycle(LoopCore core)
    {
        Version++;
        Cancelled = false;
        Release();
        Context = null;       // a pooled item keeps nobody alive
        if (Version != int.MaxValue)
        {
            core.Pools.Return(this, Slot);      // a version number is never reused: see PooledUse
        }
    }
}
