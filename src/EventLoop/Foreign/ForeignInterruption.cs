using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Foreign;

/// <summary>
/// Interrupts a task's waits for foreign awaitables after a cancellation. It is decided in a step of its own: what is waited for may be the task's own code
/// (an <c>async Task</c> method that it called), and by then that has come to its next wait on the loop, which takes the cancellation. Loop thread only.
/// </summary>
internal sealed class ForeignInterruption : LoopItem
{
    private readonly LoopTask task;
    private bool hasWaited;

    internal ForeignInterruption(LoopTask task)
    {
        this.task = task;
        Context = task.Context;
    }

    internal override WakeUp WakesUp => WakeUp.None;

    internal override void Execute()
    {
        var core = task.Core;
        if (core.IsShuffled && !hasWaited)
        {
            hasWaited = true;      // in a shuffled batch, "everything that was ready before has had its step" holds one turn later
            core.Ready.Enqueue(this);
            return;
        }

        task.Context.IsInterruptionDue = false;
        Decide(core);
    }

    private void Decide(LoopCore core)
    {
        var waits = task.CollectWaits();
        var nesting = waits.Count > 1 ? new Nesting(waits) : null;
        List<(ForeignWait Wait, Task Awaited, TaskContext From, string? Reason)> ended = [];
        foreach (var node in waits)
        {
            var from = (TaskContext)node.Context!;
            if (node.Target is not ForeignWait wait || !task.SeesCancellation(from, out string? reason))
            {
                continue;
            }

            if (!wait.IsInterruptible || wait.Awaited is not { } awaited)
            {
                wait.Refuse(task).Watch();
            }
            else if (awaited.IsCompleted)
            {
                // Its completion is on its way here, and is what the await sees.
            }
            else if (nesting?.IsHeldUp(node, awaited) == true)
            {
                wait.Refuse(task).Pause();
            }
            else if (!wait.GraceIsOver && task.Loop.Options.ForeignGrace != TimeSpan.Zero && task.HasTokenOut(from))
            {
                var refusal = wait.Refuse(task);
                refusal.BeginGrace();
                refusal.Watch();
            }
            else
            {
                ended.Add((wait, awaited, from, reason));
            }
        }

        // As with all waits: first every wait is asked, then deliveries are recorded.
        foreach (var (wait, awaited, from, reason) in ended)
        {
            task.MarkDelivered(from, task);
            task.Loop.OnAwaitAbandoned(task, wait, awaited);
            wait.Abandon(core, awaited, new LoopCanceledException(reason));
        }
    }

    /// <summary>
    /// Determines which waits are nested more deeply than others. A chain of coroutines ends in the task's own one, or in ordinary code that awaits the last
    /// of them: an <c>async Task</c> method, whose own task is known by its continuation.
    /// </summary>
    private sealed class Nesting
    {
        private readonly HashSet<Task> holders = [];
        private readonly bool hasOrdinaryCode;

        internal Nesting(List<WaitNode> waits)
        {
            foreach (var node in waits)
            {
                if (node.Target is ForeignWait { IsInterruptible: false } || SuspendedMethods.EndOfChain(node) is not ContinuationNode code)
                {
                    continue;
                }

                hasOrdinaryCode = true;
                if (code.Awaiting is { } holder)
                {
                    holders.Add(holder);
                }
            }
        }

        /// <summary>Whether code that waits where a cancellation can reach it stands between this wait and what it waits for.</summary>
        internal bool IsHeldUp(WaitNode node, Task awaited) =>
            holders.Contains(awaited) || (hasOrdinaryCode && SuspendedMethods.EndOfChain(node) is CoroutineBox);
    }
}
