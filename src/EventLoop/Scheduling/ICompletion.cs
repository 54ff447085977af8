namespace EventLoop.Scheduling;

/// <summary>What a run can wait for.</summary>
internal interface ICompletion
{
    bool IsCompleted { get; }
}
