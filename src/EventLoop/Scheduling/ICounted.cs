using EventLoop.Diagnostics;

namespace EventLoop.Scheduling;

/// <summary>Has figures that snapshots show where it is named. Any thread may look at any of them.</summary>
internal interface ICounted
{
    WaitKind Kind { get; }

    /// <summary>The loop that uses it; null: none yet.</summary>
    LoopCore? UsedBy { get; }

    ResourceFigures Figures { get; }
}

/// <param name="Count">What it holds, or has lent.</param>
/// <param name="Capacity">How much that may be; null: there is no bound.</param>
/// <param name="PeakCount">The most that it was.</param>
/// <param name="Waiting">How many wait at it.</param>
/// <param name="PeakWaiting">The most that there were.</param>
internal readonly record struct ResourceFigures(long Count, long? Capacity, long PeakCount, int Waiting, int PeakWaiting);
