namespace EventLoop;

/// <summary>A group, as a person wants to see it at a breakpoint.</summary>
internal sealed class TaskGroupDebugView(TaskGroup group)
{
    public string? Name => group.Name;

    public bool CancelCalled => group.CancelCalled;

    /// <summary>The children that have not ended.</summary>
    public LoopTask[] Tasks => [.. group.Tasks];

    /// <summary>Failures of children that have ended, which the group will throw.</summary>
    public Exception[] Failures => group.Failures;
}
