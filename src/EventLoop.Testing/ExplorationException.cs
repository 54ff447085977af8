namespace EventLoop.Testing;

/// <summary>A scenario failed under one of the schedules, cancellations or faults that were tried. The message has what is needed to reproduce it.</summary>
public sealed class ExplorationException : Exception
{
    internal ExplorationException(string message, Exception? failure, int? seed, int? wait, IReadOnlyList<string> trace)
        : base(message, failure)
    {
        Seed = seed;
        Wait = wait;
        Trace = trace;
    }

    /// <summary>The seed of the schedule.</summary>
    public int? Seed { get; }

    /// <summary>The wait, counted from zero, at which the scenario was cancelled or failed; null when only schedules were tried.</summary>
    public int? Wait { get; }

    /// <summary>The steps of tasks that led there.</summary>
    public IReadOnlyList<string> Trace { get; }
}
