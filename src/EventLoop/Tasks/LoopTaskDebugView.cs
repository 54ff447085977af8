namespace EventLoop.Tasks;

/// <summary>A task, as a person wants to see it at a breakpoint.</summary>
internal sealed class LoopTaskDebugView(LoopTask task)
{
    public int Id => task.Id;

    public string Name => task.Name;

    public LoopTaskStatus Status => task.Status;

    /// <summary>What its code waits for, innermost wait first.</summary>
    public string? WaitingOn => task.WaitingOn;

    public string[] Stack => [.. task.GetStack()];

    /// <summary>The tasks that wait for it.</summary>
    public LoopTask[] Awaiters => [.. task.Awaiters];

    public int CancelRequests => task.CancelRequests;

    public object? Result => task.IsCompletedSuccessfully ? task.ResultToShow : null;

    /// <summary>The failure; displaying it does not count as retrieving it.</summary>
    public Exception? Exception => task.PeekFailure();

    public string? CreatedAt => task.CreatedAt;
}
