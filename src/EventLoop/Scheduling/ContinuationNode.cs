namespace EventLoop.Scheduling;

/// <summary>The wait of ordinary .NET code, usually an <c>async Task</c> method, which resumes through a delegate. Pooled; loop thread only.</summary>
[StackTraceHidden]
internal sealed class ContinuationNode : WaitNode
{
    private static readonly int Slot = ItemPools.NewSlot();

    private Action? continuation;
    private ExecutionContext? flow;

    /// <param name="core">The loop that runs on this thread.</param>
    /// <param name="continuation">Called in a step of the current context.</param>
    /// <param name="captureFlow">Whether it has to run in the current ExecutionContext; <c>await</c> does that itself.</param>
    internal static ContinuationNode Rent(LoopCore core, Action continuation, bool captureFlow)
    {
        var node = core.Pools.TryRent<ContinuationNode>(Slot) ?? new ContinuationNode();
        node.Context = core.Current;
        node.continuation = continuation;
        node.flow = captureFlow ? core.ThreadContexts.CaptureFlow() : null;
        return node;
    }

    /// <summary>The task of the <c>async Task</c> method that waits, if it is one and can be determined.</summary>
    internal Task? Awaiting => continuation?.Target as Task;

    internal string Method => continuation?.Target is { } target && target.GetType().IsGenericType
        ? target.GetType().GetGenericArguments()[^1].Name
        : continuation?.Method.Name ?? "continuation";

    internal override void Execute()
    {
        var core = Context!.Core;
        Deliver(core);
        var run = continuation!;
        var context = flow;
        continuation = null;
        flow = null;
        Context = null;
        core.Pools.Return(this, Slot);
        core.ThreadContexts.RestoreFlow(context);
        try
        {
            run();
        }
        catch (Exception exception)
        {
            core.OnCallbackFailed(exception);
        }

        core.NoteUntakenEnd();
    }
}
