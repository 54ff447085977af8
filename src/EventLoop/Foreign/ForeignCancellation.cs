using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Foreign;

/// <summary>What a cancellation of a task does about its waits for things that are not ours.</summary>
internal static class ForeignCancellation
{
    extension(LoopTask task)
    {
        /// <summary>
        /// A cancellation has met waits for things that are not ours. Where code of the task waited on the loop, that is what was cancelled: what waits for
        /// such code learns of it from there, and a level-triggered scope is asked again after a while.
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

        /// <summary>Whether the wait still stands that a cancellation has to throw.</summary>
        internal bool IsCancellationDue(ForeignWait wait) =>
            !task.IsCompleted && wait.Context is TaskContext from && ReferenceEquals(from.Task, task) && task.SeesCancellation(from, out _);
    }
}
