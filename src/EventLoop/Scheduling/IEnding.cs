namespace EventLoop.Scheduling;

/// <summary>What a run can wait for.</summary>
internal interface IEnding
{
    bool IsCompleted { get; }
}
