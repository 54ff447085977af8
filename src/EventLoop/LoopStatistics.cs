namespace EventLoop;

/// <summary>A look at a loop.</summary>
/// <param name="ReadyCount">Items in the ready queue, with what is left of the running batch.</param>
/// <param name="WaitingCount">Tasks that wait.</param>
/// <param name="TimerCount">Live timers.</param>
/// <param name="TaskCount">Unfinished tasks.</param>
/// <param name="Turns">Turns of the loop so far.</param>
/// <param name="Steps">Steps so far, eager first ones included.</param>
/// <param name="Polls">Looks at the poller so far.</param>
/// <param name="BusyTime">Time spent running.</param>
/// <param name="IdleTime">Time spent parked.</param>
public readonly record struct LoopStatistics(
    int ReadyCount, int WaitingCount, int TimerCount, int TaskCount, long Turns, long Steps, long Polls, TimeSpan BusyTime, TimeSpan IdleTime);
