using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>A wait as it was read. Reused for one task after another.</summary>
internal sealed class WaitReading
{
    /// <summary>The node; another thread may see it resume.</summary>
    internal WaitNode Node = null!;

    /// <summary>What it waits for.</summary>
    internal IWaitTarget Target = null!;

    /// <summary>In words.</summary>
    internal string Text = "";

    /// <summary>The text without what differs among waits of its kind.</summary>
    internal string Gist = "";

    /// <summary>The kind of wait.</summary>
    internal WaitKind Kind;

    /// <summary>The object behind it.</summary>
    internal object? Resource;

    /// <summary>The name of that object.</summary>
    internal string? Name;

    /// <summary>The tasks that have to do something first; those of a group are found from the other side.</summary>
    internal IReadOnlyList<LoopTask> Blockers = [];

    /// <summary>How many of them it takes.</summary>
    internal BlockersNeeded Needs;

    /// <summary>When it ends by itself, in ticks of loop time.</summary>
    internal long? Due;
}

/// <summary>One task as it was read. Reused for one after another: of a million tasks few are kept.</summary>
internal sealed class TaskReading
{
    internal LoopTask Task = null!;
    internal LoopTaskStatus Status;
    internal TimeSpan InStatus;
    internal readonly List<WaitReading> Waits = [];
    internal readonly List<string> Stack = [];
    internal readonly ScopesReading Scopes = new();
    private readonly List<WaitReading> spare = [];
    internal bool IsCancelPending;
    internal string? CancelReason;
    internal TimeSpan? Remaining;
    internal bool SeemedReady;      // in the ready queue when that was read, but waiting when the task was: it has to be read again

    internal void Clear(LoopTask task)
    {
        Task = task;
        spare.AddRange(Waits);
        Waits.Clear();
        Stack.Clear();
        Scopes.Clear();
        IsCancelPending = false;
        CancelReason = null;
        Remaining = null;
        SeemedReady = false;
    }

    internal WaitReading AddWait()
    {
        var wait = spare.Count > 0 ? spare[^1] : new WaitReading();
        if (spare.Count > 0)
        {
            spare.RemoveAt(spare.Count - 1);
        }

        Waits.Add(wait);
        return wait;
    }
}
