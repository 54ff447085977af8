namespace EventLoop.Scheduling;

/// <summary>What a loop did between two looks at the clock, when that took long. Times are in ticks of loop time.</summary>
/// <param name="Began">The end of the look before it.</param>
/// <param name="Ended">The beginning of the look after it.</param>
/// <param name="StepsBefore">The number of steps before it.</param>
/// <param name="StepsAfter">The number of steps when it had ended.</param>
/// <param name="Last">Where the last of its steps ended.</param>
internal readonly record struct Stretch(long Began, long Ended, long StepsBefore, long StepsAfter, LoopContext? Last)
{
    internal long Steps => StepsAfter - StepsBefore;

    internal bool Contains(long step) => StepsBefore < step && step <= StepsAfter;
}
