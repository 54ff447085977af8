namespace EventLoop.Scheduling;

// Code that runs inside a step of other code.
internal abstract partial class LoopCore
{
    /// <summary>Runs the first step of an eager task inside the step that creates it.</summary>
    internal void RunInside(LoopItem item)
    {
        var context = Current;
        PushInterrupted(context);
        var flow = ThreadContexts.MarkFlow();
        var following = next;
        int left = budget;
        var resumedBy = ResumedBy;
        next = null;
        Steps++;
        budget = StepBudget;
        StartDepth++;
        Install(item.Context);
        bool isHeard = (Heard & Hearing.AnyOfSteps) != 0;
        HeardStep step = default;
        if (isHeard)
        {
            Instruments.BeginStep(item, isInner: true, out step);
        }

        item.Execute();
        Bounce();
        ForgetUntaken();
        if (isHeard)
        {
            Instruments.EndStep(ref step);
        }

        ResumedBy = resumedBy;
        StartDepth--;
        budget = left;
        next = following;
        PopInterrupted();
        Install(context);
        ThreadContexts.PutBackFlow(flow);
    }

    /// <summary>Runs foreign code in the middle of the library's, as a plain callback: in no task, and isolated from what the interrupted code is about to
    /// get.</summary>
    /// <param name="callback">Never throws.</param>
    /// <param name="state">The argument of <paramref name="callback"/>.</param>
    internal void RunAside<TState>(Action<TState> callback, TState state)
    {
        var context = Current;
        PushInterrupted(context);
        var synchronization = SynchronizationContext.Current;
        var flow = ThreadContexts.MarkFlow();
        var thrown = PendingThrow;
        bool deferred = Deferred;
        var following = next;
        PendingThrow = null;
        Deferred = false;
        next = null;
        Install(BaseContext);
        callback(state);
        if (next is { } node)
        {
            Ready.Enqueue(node);      // there may be no step whose trampoline would run it
        }

        next = following;
        Deferred = deferred;
        PendingThrow = thrown;
        PopInterrupted();
        Current = context;
        ThreadContexts.SetCurrent(synchronization);
        ThreadContexts.PutBackFlow(flow);
    }
}
