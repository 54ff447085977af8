namespace EventLoop.Scheduling;

/// <summary>The target of a continuation that may come too late: once the wait was abandoned, nobody misses it.</summary>
internal interface IAbandonable
{
    bool IsAbandoned { get; }
}
