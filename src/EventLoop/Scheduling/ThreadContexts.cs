using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>
/// What .NET keeps on the loop's thread for <c>await</c>: the <see cref="ExecutionContext"/> that flows, and the <see cref="SynchronizationContext"/>. Read
/// through the <see cref="Thread"/> object: the public API looks the thread up first, a thread-static read of some nanoseconds, for which a step of a
/// coroutine would pay about ten times: a yield takes 28 ns by the public API, and 15 this way.
/// </summary>
/// <remarks>
/// The fields are .NET's own. So they are used only where they exist: on a runtime that has renamed them the public API does everything (likewise where
/// <see cref="RuntimeTricks"/> switches this off). The flow is only read, because a change of it has to be announced to <see cref="AsyncLocal{T}"/>; the
/// synchronization context is also set, which is all that its public setter does. Loop thread only, unless a member says otherwise.
/// </remarks>
internal struct ThreadContexts
{
    private static readonly bool FieldsAreReadable = RuntimeTricks.MayReadContexts && Probe();

    // Any thread: it is the same for all.
    private static ExecutionContext? emptyFlow;

    private readonly ExecutionContext baseFlow;     // of whoever made the loop: no flow of its own means this one
    private ExecutionContext? baseMark;             // the same as the thread holds it, where null means the empty flow
    private Thread? thread;                         // the thread that runs the loop; null between runs, and where its fields cannot be read

    private SynchronizationContext? outerContext;
    private ExecutionContext? outerFlow;
    private bool outerIsSuppressed;

    /// <summary>Captures the flow of the thread that makes the loop.</summary>
    public ThreadContexts()
    {
        emptyFlow ??= FieldsAreReadable ? FlowOfNothing() : FlowOfANewThread();      // now, because a step must not wait for a thread
        baseFlow = ExecutionContext.Capture() ?? emptyFlow;
    }

    /// <summary>Called when a run begins: saves the thread's contexts.</summary>
    internal void Enter()
    {
        outerContext = SynchronizationContext.Current;
        outerIsSuppressed = ExecutionContext.IsFlowSuppressed();
        if (outerIsSuppressed)
        {
            ExecutionContext.RestoreFlow();      // what is suppressed cannot be captured
        }

        outerFlow = ExecutionContext.Capture();
        ExecutionContext.Restore(baseFlow);
        if (FieldsAreReadable)
        {
            thread = Thread.CurrentThread;
            baseMark = FlowOf(thread);
        }
    }

    /// <summary>Called when a run ends: restores the thread's contexts.</summary>
    internal void Leave()
    {
        if (outerFlow is null)
        {
            return;      // the run never began
        }

        thread = null;
        SynchronizationContext.SetSynchronizationContext(outerContext);
        outerContext = null;
        ExecutionContext.Restore(outerFlow!);
        outerFlow = null;
        if (outerIsSuppressed)
        {
            ExecutionContext.SuppressFlow();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool IsCurrent(SynchronizationContext? context) =>
        ReferenceEquals(thread is not null ? ContextOf(thread) : SynchronizationContext.Current, context);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void SetCurrent(SynchronizationContext? context)
    {
        if (thread is not null)
        {
            ContextOf(thread) = context;
        }
        else
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    /// <summary>Null stands for the loop's own flow, so that the common case stores no reference.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly ExecutionContext? CaptureFlow() => thread is not null && ReferenceEquals(FlowOf(thread), baseMark) ? null : CaptureFlowAnywhere();

    /// <summary>The same on any thread.</summary>
    internal readonly ExecutionContext? CaptureFlowAnywhere()
    {
        var flow = ExecutionContext.Capture();
        return ReferenceEquals(flow, baseFlow) ? null : flow;
    }

    /// <summary>The flow on the loop's thread at this moment. Any thread; null: none, or unknown.</summary>
    internal readonly ExecutionContext? FlowSeenFromOutside() => thread is { } running ? Volatile.Read(ref FlowOf(running)) : null;

    /// <param name="flow">A captured flow.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void RestoreFlow(ExecutionContext? flow)
    {
        if (thread is null || !ReferenceEquals(FlowOf(thread), flow ?? baseMark))
        {
            ExecutionContext.Restore(flow ?? baseFlow);
        }
    }

    /// <summary>The current flow, for <see cref="PutBackFlow"/> after code that may change it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly ExecutionContext? MarkFlow() => thread is not null ? FlowOf(thread) : ExecutionContext.Capture();

    /// <param name="mark">From <see cref="MarkFlow"/>; a suppressed flow included.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly void PutBackFlow(ExecutionContext? mark)
    {
        if (thread is null || !ReferenceEquals(FlowOf(thread), mark))
        {
            PutBackOtherFlow(mark);
        }
    }

    // Null stands for the empty flow in the thread's field, and for a suppressed one in the public API.
    private readonly void PutBackOtherFlow(ExecutionContext? mark)
    {
        if (mark is not null)
        {
            ExecutionContext.Restore(mark);
        }
        else if (thread is not null)
        {
            ExecutionContext.Restore(emptyFlow!);
        }
        else if (!ExecutionContext.IsFlowSuppressed())
        {
            ExecutionContext.Restore(baseFlow);
            ExecutionContext.SuppressFlow();
        }
    }

    // A thread that holds nothing captures the empty flow. Nothing that could see it runs in between, so no change has to be announced.
    private static ExecutionContext FlowOfNothing()
    {
        ref var held = ref FlowOf(Thread.CurrentThread);
        var now = held;
        held = null;
        var empty = ExecutionContext.Capture();
        held = now;
        return empty!;
    }

    private static ExecutionContext FlowOfANewThread()
    {
        ExecutionContext? empty = null;
        var fresh = new Thread(() => empty = ExecutionContext.Capture());
        fresh.UnsafeStart();
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);      // a loop that is made in a step of another one must not block that one
        fresh.Join();
        SynchronizationContext.SetSynchronizationContext(context);
        return empty!;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_executionContext")]
    private static extern ref ExecutionContext? FlowOf(Thread thread);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_synchronizationContext")]
    private static extern ref SynchronizationContext? ContextOf(Thread thread);

    private static bool Probe()
    {
        try
        {
            return FieldsAreThere(Thread.CurrentThread);
        }
        catch (MissingFieldException)
        {
            return false;
        }
    }

    // A separate method, because the accessors are bound when it is compiled.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool FieldsAreThere(Thread thread)
    {
        var before = SynchronizationContext.Current;
        var mark = new SynchronizationContext();
        try
        {
            SynchronizationContext.SetSynchronizationContext(mark);
            bool isRead = ReferenceEquals(ContextOf(thread), mark);
            ContextOf(thread) = null;
            return isRead && SynchronizationContext.Current is null && FlowIsRead(thread);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    // Under an AsyncLocal, and restored.
    private static bool FlowIsRead(Thread thread)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return FlowOf(thread) is not null;
        }

        var flow = ExecutionContext.Capture();
        var local = new AsyncLocal<int> { Value = 1 };
        bool isRead = ExecutionContext.Capture() is { } changed && ReferenceEquals(FlowOf(thread), changed) && !ReferenceEquals(flow, changed)
            && local.Value == 1;
        ExecutionContext.Restore(flow!);
        return isRead && local.Value == 0;
    }
}
