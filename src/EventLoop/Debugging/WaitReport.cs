using System.Globalization;
using EventLoop.Combining;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop.Debugging;

/// <summary>Who waits for what, in words: for deadlocks, and for runs that do not end. Loop thread only.</summary>
internal static class WaitReport
{
    /// <summary>Whether the loop is at a standstill that nothing inside it can end, and nothing from outside may still come back.</summary>
    /// <remarks>
    /// A future may be completed by a post from another thread, a foreign await comes back by itself (unless it is for an async method that waits on the
    /// loop), and an endless sleep waits for Ctrl-C: such a wait means that the loop is merely idle. What remains are waits for locks, queues, groups and
    /// tasks.
    /// </remarks>
    internal static bool IsCertainDeadlock(Loop loop)
    {
        var tasks = loop.Core.Tasks.Snapshot();
        if (tasks.Count == 0)
        {
            return false;
        }

        var inside = new SuspendedMethods();
        foreach (var task in tasks)
        {
            var waits = task.CollectWaits();
            if (waits.Count == 0 || waits.Exists(node => node.Target is not { } target || (IsOpenToTheOutside(target) && !inside.TryAdd(target))))
            {
                return false;
            }
        }

        return inside.AllWaitIn(tasks);
    }

    /// <summary>Whether anything waits for something that comes from outside the loop and was not announced to it.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="isEnding">Whether everything is cancelled: then what has not heeded that does not count, but what cleanup has begun to wait for
    /// does.</param>
    internal static bool AnyForeignWait(Loop loop, bool isEnding)
    {
        var tasks = loop.Core.Tasks.Snapshot();
        var inside = new SuspendedMethods();
        return tasks.Exists(task => task.CollectWaits().Exists(Counts)) || !inside.AllWaitIn(tasks);

        bool Counts(WaitNode node) => node.Target is { } target && IsForeign(target) && !(isEnding && target is ForeignWait { HasRefused: true })
            && !inside.TryAdd(target);
    }

    private static bool IsForeign(IWaitTarget target) =>
        target is ForeignWait or LoopFuture { IsForeign: true } or { Kind: WaitKind.Thread } or ShieldedWait { Inner: ForeignTask }
            or ChildrenWait { IsForeign: true };

    private static bool IsOpenToTheOutside(IWaitTarget target) =>
        target is ForeignWait or SleepSource or { Kind: WaitKind.Thread } || (target is LoopAwaitable and not LoopTask)
            || target is ShieldedWait { Inner: not LoopTask } or ChildrenWait { IsOpenToTheOutside: true };

    /// <summary>The methods that the task is in, innermost first.</summary>
    internal static string StackOf(LoopTask task) => string.Join(" < ", task.GetStack());

    internal static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.#######", CultureInfo.InvariantCulture) + " s";
}
