using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>A wait as it was found.</summary>
/// <param name="Node">The node; another thread may see it resume.</param>
/// <param name="Target">What it waited for.</param>
/// <param name="Text">In words.</param>
/// <param name="Gist">What is the same of all waits of its kind.</param>
/// <param name="Kind">Of what.</param>
/// <param name="Resource">The object behind it.</param>
/// <param name="Name">The object's.</param>
/// <param name="Blockers">Who has to do something first; a group's are found from the other side.</param>
/// <param name="Due">When it ends by itself, in ticks of loop time.</param>
internal sealed record WaitReading(WaitNode Node, IWaitTarget Target, string Text, string Gist, WaitKind Kind, object? Resource, string? Name,
    IReadOnlyList<LoopTask> Blockers, long? Due);

/// <summary>One task as it was found. Used for one after the other: of a million tasks few are kept.</summary>
internal sealed class TaskReading
{
    internal LoopTask Task = null!;
    internal LoopTaskStatus Status;
    internal TimeSpan InStatus;
    internal readonly List<WaitReading> Waits = [];
    internal readonly List<string> Stack = [];
    internal ScopesReading Scopes = ScopesReading.None;
    internal bool IsCancelPending;
    internal string? CancelReason;
    internal TimeSpan? Remaining;
    internal bool SeemedReady;      // in the ready queue when that was looked at, and waiting when it was: to be asked again

    internal void Clear(LoopTask task)
    {
        Task = task;
        Waits.Clear();
        Stack.Clear();
        Scopes = ScopesReading.None;
        IsCancelPending = false;
        CancelReason = null;
        Remaining = null;
        SeemedReady = false;
    }
}
