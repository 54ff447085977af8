using System.Diagnostics;

namespace EventLoop.Diagnostics;

/// <summary>One task in a snapshot.</summary>
[DebuggerDisplay("{Name} #{Id} {Status}")]
public sealed class TaskSnapshot
{
    internal TaskSnapshot()
    {
    }

    /// <summary><see cref="LoopTask.Id"/>.</summary>
    public int Id { get; internal set; }

    /// <summary><see cref="LoopTask.Name"/>.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>The state of the task.</summary>
    public LoopTaskStatus Status { get; internal set; }

    /// <summary>How long it has been in that state: accurate to a look at the clock (at most 64 steps), and exact while the recorder keeps times.</summary>
    public TimeSpan InStatus { get; internal set; }

    /// <summary>What it waits for; several where several flows of the task wait, or where a .NET value task stands for one of the loop's own waits (await
    /// foreach). Empty unless Waiting.</summary>
    public IReadOnlyList<WaitSnapshot> Waits { get; internal set; } = [];

    /// <summary>The coroutine methods it is in, innermost first, like <see cref="LoopTask.GetStack"/>.</summary>
    public IReadOnlyList<string> Stack { get; internal set; } = [];

    /// <summary>The task that made it; null: code outside any task.</summary>
    public int? CreatedBy { get; internal set; }

    /// <summary>Where it was made; null without debug mode.</summary>
    public string? CreatedAt { get; internal set; }

    /// <summary>The tasks that wait for it.</summary>
    public IReadOnlyList<int> AwaitedBy { get; internal set; } = [];

    /// <summary>How many tasks wait for it, listed there or not.</summary>
    public int AwaitedByCount { get; internal set; }

    /// <summary>The groups, timeouts and cancel scopes that it is in, including those that it inherited, innermost first.</summary>
    public IReadOnlyList<ScopeSnapshot> Scopes { get; internal set; } = [];

    /// <summary>The time left until the earliest deadline around it that no shield holds off; negative: passed but not yet thrown; null: none, or thrown
    /// already.</summary>
    public TimeSpan? Remaining { get; internal set; }

    /// <summary><see cref="LoopTask.CancelRequests"/>.</summary>
    public int CancelRequests { get; internal set; }

    /// <summary>Whether a request was made that no wait has thrown yet.</summary>
    public bool IsCancelPending { get; internal set; }

    /// <summary>The reason of the latest request.</summary>
    public string? CancelReason { get; internal set; }

    /// <summary>Its steps, the time in them, and who woke it last; null unless the recorder or an observer has counted since the task began.</summary>
    public TaskActivity? Activity { get; internal set; }
}
