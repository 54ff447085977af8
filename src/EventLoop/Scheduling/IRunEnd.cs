namespace EventLoop.Scheduling;

/// <summary>Until when a run goes on. A struct, so that asking it behind every turn is no call.</summary>
internal interface IRunEnd
{
    bool IsReached { get; }
}
