using System.Reflection;
using System.Runtime.CompilerServices;
using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop.Coroutines;

/// <summary>
/// The pooled home of an async method's state machine. It is three things, which is why waiting and nesting allocate nothing: the source behind a
/// <see cref="Coroutine"/>, the node by which the method waits, and the object that links to the awaiting method.
/// </summary>
/// <remarks>
/// Completion is handed to the awaiting coroutine by the trampoline, never by a call; and beyond a small depth an inner coroutine is started by the
/// trampoline, too. So a chain of any length needs the same stack on the way down and on the way up. It keeps the rule of <see cref="PooledUse"/> in fewer
/// bytes, because boxes come by the million. Loop thread only; before the start, the thread that made it.
/// </remarks>
[StackTraceHidden]
internal abstract partial class CoroutineBox : WaitNode, ICoroutineSource
{
    private const byte StartingFlag = 1;     // inside Start: its caller sees the end by its result
    private const byte DoneFlag = 2;
    private const byte DeferredFlag = 4;     // too deep: to be started by the trampoline
    private const byte RootFlag = 8;         // a task's own coroutine
    // Another loop than the one that made it runs it, and its maker may store the number once more: it is not pooled again
    private const byte StrayFlag = 16;
    private const byte FlowFlag = 32;        // suspended in a flow other than the loop's own

    private const int Claimed = int.MinValue;

    // Uses of a box: the last of them leaves it to the collector, so that no number is ever reused.
    private const ushort Spent = ushort.MaxValue;

    // Before the start: the watch for "never awaited", in debug mode. While it runs: the node that awaits it, or, with the FlowFlag, that and the flow; of a
    // task's own coroutine, which no node awaits, the flow itself. At the end: its failure.
    private object? link;

    private protected CoroutineBox(LoopCore? maker) => TimerSlot = HomeOf(maker);

    // Before the start, in place of the timer's slot, which is positive then: the loop that may start it by a plain store, because it has made it. Zero: none.
    private static int HomeOf(LoopCore? loop) => loop is null ? 0 : -loop.Id;

    /// <summary>Even: made, not started. Odd: started. A coroutine keeps the number it was made with, so that a second await is noticed.</summary>
    internal ushort Version
    {
        get => Use;
        private set => Use = value;
    }

    internal abstract string MethodName { get; }

    /// <summary>Whether the method only calls what is of interest to people.</summary>
    internal abstract bool IsPlumbing { get; }

    // ---- The method's state, for the interruption of foreign awaits

    internal abstract FieldInfo[] Fields { get; }

    internal abstract object? ReadField(FieldInfo field);

    internal abstract void WriteField(FieldInfo field, object value);

    /// <summary>The node that resumes when this coroutine ends.</summary>
    internal WaitNode? Awaiter => (Flags & DoneFlag) == 0 ? link as WaitNode ?? (link as AwaiterInFlow)?.Awaiter : null;

    protected abstract void MoveNext();

    /// <summary>Clears the state machine and returns to the pool.</summary>
    protected abstract void Recycle();

    /// <summary>Watches whether somebody awaits it.</summary>
    private protected void Watch(CoroutineWatch watch) => link = watch;

    /// <summary>Called when it was refused, and its giver has the exception, so that it is not also reported as lost. Any thread.</summary>
    internal void Excuse(long token)
    {
        if (Version == token)
        {
            (link as CoroutineWatch)?.Started();
        }
    }

    // ---- The source behind a Coroutine

    /// <inheritdoc/>
    public bool Start(long token)
    {
        var core = LoopCore.Running ?? RefuseHere(token);
        Begin(core, token);
        if (core.StartDepth >= LoopCore.DeepestStart)
        {
            Flags |= DeferredFlag;
            return false;
        }

        // The same rule as for .NET's async methods: what the callee does to contexts stays with the callee.
        var context = core.Current;
        var outer = core.ThreadContexts.MarkFlow();
        core.StartDepth++;
        Flags |= StartingFlag;
        MoveNext();
        Flags &= unchecked((byte)~StartingFlag);
        core.StartDepth--;
        if (!ReferenceEquals(core.Current, context))
        {
            core.Install(context);
        }

        core.ThreadContexts.PutBackFlow(outer);
        return (Flags & DoneFlag) != 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private LoopCore RefuseHere(long token)
    {
        Excuse(token);
        return Throw.NoRunningLoop();
    }

    /// <inheritdoc/>
    public void Park(LoopCore core, long token, WaitNode awaiting)
    {
        if (Version == token + 1 && link is null && (Flags & (DoneFlag | RootFlag)) == 0)
        {
            link = awaiting;
        }
        else if (!TryParkInFlow(token, awaiting))
        {
            PassOn(core, token, awaiting);
            return;
        }

        if ((Flags & DeferredFlag) != 0)
        {
            Flags &= unchecked((byte)~DeferredFlag);
            Suspend(core);
            core.RunNext(this);
        }
    }

    // Awaited by hand: it has ended already, or this awaiter may not wait for it.
    private void PassOn(LoopCore core, long token, WaitNode awaiting)
    {
        if (Version == token)
        {
            Throw.NotStarted();
        }

        if (Version != token + 1 || (Flags & DoneFlag) == 0)
        {
            Throw.AwaitedTwice();
        }

        awaiting.Defer(core, null);
    }

    /// <inheritdoc/>
    public void End(long token)
    {
        var failure = TakeOutcome(token);
        Recycle();
        if (failure is not null)
        {
            failure.Rethrow();
        }
    }

    private protected Failure? TakeOutcome(long token)
    {
        if (Version != token + 1 || (Flags & DoneFlag) == 0)
        {
            RefuseOutcome(token);
        }

        return Unsafe.As<Failure?>(link);
    }

    private void RefuseOutcome(long token)
    {
        if (Version == token || Version == token + 1)
        {
            Throw.NotCompleted("coroutine");
        }

        Throw.AwaitedTwice();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Begin(LoopCore here, long token)
    {
        if (Version != token)
        {
            Throw.AwaitedTwice();
        }

        if (TimerSlot == HomeOf(here))
        {
            Version = (ushort)(token + 1);
            if (Volatile.Read(ref TimerSlot) != HomeOf(here))
            {
                Confirm();
            }

            TimerSlot = 0;
        }
        else
        {
            BeginElsewhere(token);
        }

        if (link is not null)
        {
            Unsafe.As<CoroutineWatch>(link).Started();
            link = null;
        }
    }

    /// <summary>Whether nobody has awaited or started it yet.</summary>
    internal bool IsFresh(long token) => Version == token;

    // Another loop has claimed it, or is trying to.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Confirm()
    {
        using (OtherLoopClaim.Begin())
        {
            if ((Flags & StrayFlag) != 0)
            {
                Throw.AwaitedTwice();
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void BeginElsewhere(long token)
    {
        using (OtherLoopClaim.Begin())
        {
            int home = TimerSlot;
            if (Version != token || home > 0)
            {
                Throw.AwaitedTwice();
            }

            if (home != 0)
            {
                if (Interlocked.CompareExchange(ref TimerSlot, Claimed, home) != home)
                {
                    Throw.AwaitedTwice();
                }

                OtherLoopClaim.Announce();
                if (Version != token)
                {
                    Interlocked.CompareExchange(ref TimerSlot, home, Claimed);
                    Throw.AwaitedTwice();
                }

                Flags |= StrayFlag;
            }

            Version = (ushort)(token + 1);
            TimerSlot = 0;
        }
    }

    /// <summary>Notes that it will not be run, and that this is right.</summary>
    internal void Discard(long token)
    {
        if (LoopCore.Running is { } here)
        {
            Begin(here, token);
            Recycle();
        }
        else
        {
            Excuse(token);
        }
    }

    // ---- A task's own coroutine

    /// <summary>Makes it the body of a task: its first step runs in <paramref name="context"/>.</summary>
    internal void BecomeBody(LoopCore core, long token, LoopContext context)
    {
        Begin(core, token);
        Flags |= RootFlag;
        Context = context;
        if (core.ThreadContexts.CaptureFlow() is { } captured)
        {
            SetFlow(core, captured);
        }
    }

    /// <summary>Passes the outcome to the task; the box returns to the pool.</summary>
    internal Failure? Release()
    {
        var failure = Unsafe.As<Failure?>(link);
        Recycle();
        return failure;
    }

    // ---- The node by which the method waits

    // The loop that runs it. The context knows it, and is at hand, unlike a thread-static.
    private LoopCore Core => Context is { } context ? context.Core : LoopCore.Running!;

    /// <summary>Returns the box to the pool, if it may be reused.</summary>
    private protected void ReturnTo(int slot)
    {
        var core = Core;
        link = null;
        Context = null;      // a pooled box keeps nobody alive
        if ((Flags & StrayFlag) != 0 || ++Version >= Spent - 1)
        {
            Flags = StrayFlag | RootFlag;      // and refuses every call
            Version = Spent;
            return;
        }

        Flags = 0;
        TimerSlot = HomeOf(core);
        core.Pools.Return(this, slot);
    }

    /// <summary>Records where the method has to resume.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Suspend(LoopCore core)
    {
        if (!ReferenceEquals(Context, core.Current))
        {
            Context = core.Current;
        }

        var captured = core.ThreadContexts.CaptureFlow();
        if (captured is not null || (Flags & FlowFlag) != 0)
        {
            SetFlow(core, captured);
        }
    }

    internal sealed override void Execute()
    {
        var core = Core;
        Deliver(core);
        core.ThreadContexts.RestoreFlow((Flags & FlowFlag) == 0 ? null : Flow);
        MoveNext();
    }

    /// <summary>Called by the builder when the method has returned or thrown; the result is set already.</summary>
    internal void Complete(Exception? failure)
    {
        byte flags = Flags;
        object? awaiting = (flags & FlowFlag) == 0 ? link : LeaveFlow();
        link = failure is null ? null : Core.NoteFailure(failure);
        Flags = (byte)((flags | DoneFlag) & ~FlowFlag);
        if ((flags & StartingFlag) != 0)
        {
            return;
        }

        if ((flags & RootFlag) != 0)
        {
            Context!.OnBodyEnded(this);
        }
        else if (awaiting is not null)
        {
            Core.RunNext(Unsafe.As<WaitNode>(awaiting));
        }
    }

    /// <summary>Called when it came back from a foreign await to a closed loop: nothing can run it any more.</summary>
    internal override void OnRejected(LoopCore core) => core.Loop.OnLateContinuation();
}
