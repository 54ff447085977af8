using EventLoop.Cancellation;

namespace EventLoop.Diagnostics;

/// <summary>The scopes around a place in the code, innermost first, as any thread may read them: outwards, along links that never change.</summary>
internal sealed class ScopesReading
{
    private const int Most = 1000;

    internal List<Scope> All { get; } = [];

    /// <summary>How many of them the task has entered itself; it has inherited the rest.</summary>
    internal int OwnCount { get; private set; }

    internal void Clear()
    {
        All.Clear();
        OwnCount = 0;
    }

    /// <summary>Reads them outwards, after clearing what was read before.</summary>
    /// <param name="task">The task whose code is there.</param>
    /// <param name="innermost">The innermost scope of its own, or the one that it inherited.</param>
    internal void Read(LoopTask task, Scope? innermost)
    {
        if (innermost is null && task.Group is null)
        {
            return;
        }

        var scope = innermost;
        var owner = task;
        while (owner is not null && All.Count < Most)
        {
            for (; scope is not null && ReferenceEquals(scope.Host, owner) && All.Count < Most; scope = scope.Parent)
            {
                All.Add(scope);
            }

            if (ReferenceEquals(owner, task))
            {
                OwnCount = All.Count;
            }

            // A child is in its group as a whole; it has inherited what is around the group.
            var group = owner.Group?.Scope;
            if (group is null)
            {
                break;
            }

            All.Add(group);
            scope = group.Parent;
            owner = group.Host;
        }
    }

    /// <summary>Determines how they affect the task inside.</summary>
    /// <param name="task">That task.</param>
    /// <param name="now">In ticks of loop time.</param>
    /// <param name="reason">The reason of the innermost pending request.</param>
    /// <param name="remaining">The time left until the earliest deadline that no shield holds off and that was not thrown.</param>
    /// <returns>Whether a request that it sees is pending.</returns>
    internal bool Judge(LoopTask task, long now, out string? reason, out TimeSpan? remaining)
    {
        bool pending = false;
        bool shielded = false;
        reason = null;
        remaining = null;
        for (int i = 0; i < All.Count && !shielded; i++)
        {
            var scope = All[i];
            bool own = i < OwnCount;
            if (own || scope.IsLevel)
            {
                bool due = scope.Cancelled && (scope.IsLevel || scope.IsDue);
                if (due && !pending)
                {
                    pending = true;
                    reason = scope.Reason;
                }

                if (scope.Deadline is { } deadline && deadline != Scheduling.LoopClock.Never && (!scope.Cancelled || due))
                {
                    var left = TimeSpan.FromTicks(deadline - now);
                    remaining = remaining is { } other && other < left ? other : left;
                }
            }

            shielded = scope.Shield;
        }

        if (task.HasUndeliveredRequest && !IsShieldedFromTask())
        {
            reason = pending ? reason : task.RequestReason;
            pending = true;
        }

        return pending;
    }

    private bool IsShieldedFromTask()
    {
        for (int i = 0; i < OwnCount; i++)
        {
            if (All[i].Shield)
            {
                return true;
            }
        }

        return false;
    }
}
