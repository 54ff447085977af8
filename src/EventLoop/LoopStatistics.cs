namespace EventLoop;

/// <summary>Figures of a loop at one moment.</summary>
/// <param name="ReadyCount">Items in the ready queue, including the rest of the running batch.</param>
/// <param name="WaitingCount">Tasks that wait.</param>
/// <param name="TimerCount">Live timers.</param>
/// <param name="TaskCount">Unfinished tasks.</param>
/// <param name="Turns">Turns of the loop so far.</param>
/// <param name="Steps">Steps so far, including eager first ones.</param>
/// <param name="Polls">Calls of the poller so far.</param>
/// <param name="BusyTime">Time spent running steps.</param>
/// <param name="IdleTime">Time spent blocked in the poller.</param>
public readonly record struct LoopStatistics(
    int ReadyCount, int WaitingCount, int TimerCount, int TaskCount, long Turns, long Steps, long Polls, TimeSpan BusyTime, TimeSpan IdleTime);
