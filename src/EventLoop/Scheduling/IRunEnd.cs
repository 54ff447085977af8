namespace EventLoop.Scheduling;

/// <summary>Decides how long a run continues. Implemented by structs, so that asking after every turn is no call.</summary>
internal interface IRunEnd
{
    bool IsReached { get; }
}
