namespace EventLoop.Scheduling;

/// <summary>What lives as long as its loop, and has to be ended with it: child processes, listeners for signals, pools of workers. Loop thread only.</summary>
internal interface ILoopResident
{
    /// <summary>The loop is being closed, and turns no more. Does not throw.</summary>
    void OnLoopClosing();
}
