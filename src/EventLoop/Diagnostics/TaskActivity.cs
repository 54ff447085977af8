namespace EventLoop.Diagnostics;

/// <summary>What a task has done, counted while the recorder or an observer is on.</summary>
/// <param name="Steps">How many steps it has taken.</param>
/// <param name="RunTime">The time spent in them, without that of eager first steps of other tasks within them.</param>
/// <param name="ReadyTime">The time between wake-ups and the steps that followed.</param>
/// <param name="SelfWakes">Wake-ups by itself, including yields.</param>
/// <param name="WokenBy">The task that made it ready last; null: a timer, I/O or another thread.</param>
public readonly record struct TaskActivity(long Steps, TimeSpan RunTime, TimeSpan ReadyTime, long SelfWakes, int? WokenBy);
