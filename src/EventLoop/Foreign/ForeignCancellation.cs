using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Foreign;

/// <summary>What a cancellation of a task does to its waits for foreign awaitables.</summary>
internal static class ForeignCancellation
{
    extension(LoopTask task)
    {
        /// <summary>
        /// Called when a cancellation has met waits for foreign awaitables. Where code of the task waited on the loop, that is what was cancelled: a foreign
        /// wait for such code is notified from there, and a level-triggered scope checks again after a while.
        /// </summary>
        internal void InterruptForeign(ForeignWait wait, TaskContext from, bool isTaken)
        {
            if (!isTaken)
            {
                task.ScheduleInterruption();
            }
            else if (task.SeesCancellation(from, out _))
            {
                wait.Refuse(task).Pause();
            }
        }

        /// <summary>Whether the wait is still pending that a cancellation has to interrupt.</summary>
        internal bool IsCancellationDue(ForeignWait wait) =>
            !task.IsCompleted && wait.Context is TaskContext from && ReferenceEquals(from.Task, task) && task.SeesCancellation(from, out _);
    }
}
