namespace EventLoop.Scheduling;

/// <summary>How long a run continues. A struct, so that asking it after every turn is no call.</summary>
internal interface IRunEnd
{
    bool IsReached { get; }
}
