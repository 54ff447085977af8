using EventLoop.Foreign;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Cancellation;

/// <summary>Throws pending cancellations into waits. Loop thread only.</summary>
internal static class Interruption
{
    /// <param name="contexts">Where something has changed: waits there that see it are interrupted, in this order.</param>
    internal static void Run(List<TaskContext> contexts)
    {
        if (contexts.Count == 0)
        {
            return;
        }

        // First ask every wait, then record what was delivered: one request aborts all waits of a task. A wait that was given up and has not thrown yet meets
        // a further request there.
        var interrupted = new List<(TaskContext From, LoopAwaitable By)>();
        var waits = new List<WaitNode>();
        foreach (var context in contexts)
        {
            if (context.IsBeingCancelled)
            {
                interrupted.Add((context, context.Task));
            }

            context.CollectWaits(waits);
        }

        List<(ForeignWait Wait, TaskContext From)>? foreign = null;
        foreach (var node in waits)
        {
            // What one wait gave up may have ended another, which then has its outcome: both awaited the same future.
            if (node.State is not (WaitState.Parked or WaitState.Yielding))
            {
                continue;
            }

            var from = (TaskContext)node.Context!;
            var task = from.Task;
            if (!task.SeesCancellation(from, out string? reason))      // also where the task has ended, and a flow that it left behind waits
            {
                continue;
            }

            if (node.Target is ForeignWait wait)
            {
                (foreign ??= []).Add((wait, from));
                continue;
            }

            var target = node.Target;
            var result = node.State == WaitState.Yielding ? AbortResult.GivenUp : target!.Abort(node, reason);
            if (result == AbortResult.GivenUp)
            {
                node.WakeWith(from.Core, new LoopCanceledException(reason));
            }

            if (result == AbortResult.PassedOn)
            {
                interrupted.Add((from, node.Target as LoopAwaitable ?? task));
                if (target is LoopAwaitable { IsCanceled: true })
                {
                    node.NotePassedOn();
                }
            }
            else if (result != AbortResult.Refused)
            {
                interrupted.Add((from, task));
            }
        }

        foreach (var (from, by) in interrupted)
        {
            from.Task.MarkDelivered(from, by);
        }

        if (foreign is not null)
        {
            var taken = interrupted.Select(static one => one.From.Task).ToHashSet();
            foreach (var (wait, from) in foreign)
            {
                from.Task.InterruptForeign(wait, from, isTaken: taken.Contains(from.Task));
            }
        }
    }
}
