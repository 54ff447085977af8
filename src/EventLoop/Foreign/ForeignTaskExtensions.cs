using EventLoop.Foreign;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>Waits for .NET tasks that a cancellation can interrupt.</summary>
public static class ForeignTaskExtensions
{
    /// <summary>Waits for a .NET task in a way that a cancellation ends at once, without a grace period; the task itself is left alone, and a later failure is
    /// observed.</summary>
    /// <param name="task">The task.</param>
    /// <remarks>
    /// An <c>await</c> of a <see cref="Task"/> in a coroutine is interruptible without it; this method is for a <see cref="ValueTask"/>, which is not, for
    /// ordinary <c>async Task</c> methods, for work that need not be awaited although it was given a token, and for the combinators.
    /// </remarks>
    public static Coroutine OnLoop(this Task task) => ForeignTask.Wait(task);

    /// <inheritdoc cref="OnLoop(Task)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static Coroutine<T> OnLoop<T>(this Task<T> task) => ForeignTask.Wait(task);

    /// <inheritdoc cref="OnLoop(Task)"/>
    public static Coroutine OnLoop(this ValueTask task) => task.AsTask().OnLoop();

    /// <inheritdoc cref="OnLoop(Task)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    public static Coroutine<T> OnLoop<T>(this ValueTask<T> task) => task.AsTask().OnLoop();

    /// <summary>Waits for a running task as the main of a run.</summary>
    internal static Coroutine Await(Task task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return task.OnLoop();
    }

    /// <inheritdoc cref="Await(Task)"/>
    internal static Coroutine<T> Await<T>(Task<T> task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return task.OnLoop();
    }

    /// <summary>A future that always succeeds, when the task has ended. Cancelling it leaves the task alone.</summary>
    internal static LoopFuture Completion(Task task, bool inFlight = false, bool isWork = false) => Completion(LoopCore.Required, task, inFlight, isWork);

    /// <inheritdoc cref="Completion(Task, bool, bool)"/>
    internal static LoopFuture Completion(LoopCore core, Task task, bool inFlight, bool isWork = false)
    {
        var future = new LoopFuture(core.Loop) { IsForeign = true, IsWork = isWork };
        if (task.IsCompleted)
        {
            future.SetResult();
            return future;
        }

        if (inFlight)
        {
            core.BeginFlight();
        }

        // Not an await, which would use the current context: a wait that was given up must not look like a continuation that comes late.
        task.ContinueWith(
            static (_, arrival) => ((Arrival)arrival!).Announce(),
            new Arrival(core, task, future, inFlight),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return future;
    }

    private sealed class Arrival(LoopCore core, Task task, LoopFuture future, bool inFlight) : LoopItem
    {
        internal void Announce()
        {
            core.Arrive(this);
            if (inFlight)
            {
                core.EndFlight();      // not before it is in the inbox, or virtual time would advance in between
            }
        }

        internal override void Execute()
        {
            if (!future.TrySetResult())
            {
                _ = task.Exception;      // nobody waits for it any more: its failure is observed nevertheless
            }
        }

        internal override void OnArrived(LoopCore on) => Execute();

        internal override void OnRejected(LoopCore on) => _ = task.Exception;
    }
}
