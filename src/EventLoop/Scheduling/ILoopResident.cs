namespace EventLoop.Scheduling;

/// <summary>Something that lives as long as its loop, and has to be ended with it: child processes, signal listeners, worker pools. Loop thread
/// only.</summary>
internal interface ILoopResident
{
    /// <summary>Called when the loop is being closed, and no longer turns. Does not throw.</summary>
    void OnLoopClosing();
}
