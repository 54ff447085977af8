namespace EventLoop.Testing;

/// <summary>How a test is run.</summary>
public sealed record TestLoopOptions
{
    /// <summary>Whether the system's clock is used instead of a virtual one.</summary>
    public bool RealTime { get; init; }

    /// <summary>Shuffles what is ready, reproducibly; null: first in, first out.</summary>
    public int? Seed { get; init; }

    /// <summary>How long the test may take, in real time.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether tasks that the test leaves running are silently cancelled.</summary>
    public bool AllowRunningTasks { get; init; }

    /// <summary>Whether unretrieved failures and unawaited coroutines are tolerated instead of failing the test.</summary>
    public bool AllowLosses { get; init; }

    /// <summary>A virtual clock made beforehand, to start at another time or to be driven by hand; null: a new one.</summary>
    public VirtualClock? Clock { get; init; }

    /// <summary>The clock for <see cref="Timeout"/> and for the grace period before a standstill counts as a deadlock.</summary>
    internal TimeProvider RealClock { get; init; } = TimeProvider.System;

    /// <summary>All other options of the loop. Its Debug adds where each thing was made, at the cost of a stack walk for each.</summary>
    public LoopOptions? Loop { get; init; }
}
