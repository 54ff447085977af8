namespace EventLoop.Executors.Work;

/// <summary>What a thread has before it runs work of others: what one piece of work sets there (its culture, async-local values, a SynchronizationContext) is
/// nothing of the next one's, as on .NET's pool.</summary>
internal readonly struct CleanContext
{
    private readonly ExecutionContext? flow;

    private CleanContext(ExecutionContext? flow) => this.flow = flow;

    /// <summary>What this thread has now.</summary>
    internal static CleanContext Capture() => new(ExecutionContext.Capture());

    /// <summary>Gives it back to the same thread. Allocates nothing.</summary>
    internal void Restore()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        if (flow is not null)
        {
            ExecutionContext.Restore(flow);
        }
    }
}
