namespace EventLoop.Testing;

/// <summary>How a test is run.</summary>
public sealed record TestLoopOptions
{
    /// <summary>Whether the system's clock is used instead of a virtual one.</summary>
    public bool RealTime { get; init; }

    /// <summary>Shuffles what is ready, reproducibly; null: first in, first out.</summary>
    public int? Seed { get; init; }

    /// <summary>How long the test may take, in real time, with the cleanup of what it left running.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether tasks that the test leaves running are silently cancelled.</summary>
    public bool AllowRunningTasks { get; init; }

    /// <summary>Whether unretrieved failures and unawaited coroutines are tolerated instead of failing the test.</summary>
    public bool AllowLosses { get; init; }

    /// <summary>A virtual clock made beforehand, to start at another time or to be driven by hand; null: a new one.</summary>
    /// <remarks>Where a scenario is run many times (<see cref="TestLoop.Explore(int, Func{Coroutine}, int, TestLoopOptions?)"/>,
    /// <see cref="TestLoop.CancelAtEveryWait(Func{Coroutine}, Action{int}?, TestLoopOptions?)"/>), each run has a new clock that starts as this one stands, and
    /// this one does not move: inside, <see cref="TestLoop.Clock"/> is the run's. The same holds for one in <see cref="Loop"/>.</remarks>
    public VirtualClock? Clock { get; init; }

    /// <summary>The clock for <see cref="Timeout"/> and for the grace period before a standstill counts as a deadlock.</summary>
    internal TimeProvider RealClock { get; init; } = TimeProvider.System;

    /// <summary>Receives each loop that is made for a run, on the thread that runs it.</summary>
    internal Action<Loop>? Made { get; init; }

    /// <summary>Called when a run has overrun <see cref="Timeout"/> and was stopped, before its end. Never throws.</summary>
    internal Action? GivenUp { get; init; }

    /// <summary>The same for one of many runs, none of which may see what another has left on its clock.</summary>
    internal TestLoopOptions ForOneOfMany() =>
        RealTime || (Clock ?? Loop?.TimeProvider as VirtualClock) is not { } shared ? this : this with { Clock = shared.Another() };

    /// <summary>All other options of the loop. Its Debug adds where each thing was made, at the cost of a stack walk for each.</summary>
    public LoopOptions? Loop { get; init; }
}
