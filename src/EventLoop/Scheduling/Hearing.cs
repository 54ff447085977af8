namespace EventLoop.Scheduling;

/// <summary>What an <see cref="Instrument"/> listens to. The engine keeps the union of all, and asks nothing else where it passes.</summary>
[Flags]
internal enum Hearing
{
    None = 0,

    /// <summary>Tasks that are made, and that end.</summary>
    Tasks = 1,

    StepBegins = 2,

    StepEnds = 4,

    /// <summary>The time of each step: one reading of the clock behind each. Without it a step's times are those of the last look at the clock.</summary>
    Times = 8,

    /// <summary>Who waits when a step is over, and whom a step, or what lay between two, made ready.</summary>
    Waits = 16,

    /// <summary>Looks at the clock and the poller, and how long the loop slept in them.</summary>
    Looks = 32,

    /// <summary>The loop has nothing to do: asks whether there is something after all, and announces that it parks.</summary>
    Parking = 64,

    /// <summary>Runs that begin and end.</summary>
    Runs = 128,

    /// <summary>Requests for the cancellation of tasks.</summary>
    Cancellations = 256,

    /// <summary>Each of these sends the steps by the way that can be heard.</summary>
    AnyOfSteps = StepBegins | StepEnds | Times | Waits,
}
