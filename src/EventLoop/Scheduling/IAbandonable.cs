namespace EventLoop.Scheduling;

/// <summary>Somebody's continuation is a method of this; when he has been given up nobody misses it.</summary>
internal interface IAbandonable
{
    bool IsAbandoned { get; }
}
