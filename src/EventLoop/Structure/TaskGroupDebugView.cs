namespace EventLoop;

/// <summary>A group, as a person wants to see it at a breakpoint.</summary>
internal sealed class TaskGroupDebugView(TaskGroup group)
{
    public string? Name => group.Name;

    public bool CancelCalled => group.CancelCalled;

    /// <summary>The children that have not ended.</summary>
    public LoopTask[] Tasks => [.. group.Tasks];

    /// <summary>Of children that have ended; the group throws them.</summary>
    public Exception[] Failures => group.Failures;
}
