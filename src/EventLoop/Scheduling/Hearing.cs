namespace EventLoop.Scheduling;

/// <summary>What an <see cref="Instrument"/> listens to. The engine keeps the union of all, and tests nothing else.</summary>
[Flags]
internal enum Hearing
{
    None = 0,

    /// <summary>Tasks that are made, and that end.</summary>
    Tasks = 1,

    StepBegins = 2,

    StepEnds = 4,

    /// <summary>The time of each step: one reading of the clock after each. Without it the times of steps are those of the last look at the clock.</summary>
    Times = 8,

    /// <summary>Whom a step, or what happened between two steps, made ready.</summary>
    Waits = 16,

    /// <summary>Looks at the clock and the poller, and how long the loop slept in them.</summary>
    Looks = 32,

    /// <summary>The loop has nothing to do: instruments are asked for work, and notified that it parks.</summary>
    Parking = 64,

    /// <summary>Runs that begin and end.</summary>
    Runs = 128,

    /// <summary>Requests for the cancellation of tasks.</summary>
    Cancellations = 256,

    /// <summary>Who waits when a step has ended.</summary>
    Parks = 512,

    /// <summary>Any of these makes steps run by the path that can be observed.</summary>
    AnyOfSteps = StepBegins | StepEnds | Times | Waits | Parks,
}
