using System.Runtime.CompilerServices;
using EventLoop.Combining;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Foreign;

/// <summary>
/// A .NET task as the loop's own waits see it: it ends as the task ends, and cannot be cancelled. There is one for each task and loop, however many wait for
/// it: .NET removes a continuation only by a search, and a long-lived task would collect those of every wait that was given up.
/// </summary>
/// <remarks>A failure of the task counts as retrieved, even if nobody waits any more.</remarks>
internal sealed class ForeignTask : LoopAwaitable
{
    private readonly Arrival? arrival;

    private ForeignTask(LoopCore core, Task task)
    {
        Core = core;
        Task = task;
        if (task.IsCompleted)
        {
            EndAsTask();
            return;
        }

        // Not an await, which would use the current context: a wait that was given up must not look like a continuation that comes late.
        arrival = new Arrival(this);
        task.ContinueWith(
            static (task, arrival) =>
                ((Arrival)arrival!).Announce(task), arrival, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    internal Task Task { get; }

    internal override bool IsFailed => IsFaulted && !Task.IsCanceled;

    internal override LoopCore Core { get; }

    internal override string Kind => ".NET task";

    private protected override WaitKind WaitedForAs => WaitKind.Foreign;

    internal override string Label => "a .NET task";

    /// <summary>Loop thread.</summary>
    internal static ForeignTask For(LoopCore core, Task task) => task.IsCompleted
        ? new ForeignTask(core, task)
        : (core.ForeignTasks ??= []).GetValue(task, task => new ForeignTask(core, task));

    /// <summary>A wait that leaves the task alone when it is given up.</summary>
    internal static Coroutine Wait(Task task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return Wait(task);

        static async Coroutine Wait(Task task) => await new ShieldedWait(For(LoopCore.Required, task));
    }

    /// <inheritdoc cref="Wait(Task)"/>
    internal static Coroutine<T> Wait<T>(Task<T> task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return Wait(task);

        static async Coroutine<T> Wait(Task<T> task)
        {
            await new ShieldedWait(For(LoopCore.Required, task));
            return task.Result;
        }
    }

    /// <summary>Called when the loop is closed, so that tasks that are still running no longer keep it alive.</summary>
    internal static void LetGo(ConditionalWeakTable<Task, ForeignTask> all)
    {
        foreach (var (_, one) in all)
        {
            one.arrival?.LetGo();
        }

        all.Clear();      // a table whose values lead back to it would live as long as its keys
    }

    internal override bool CancelCore(string? reason) => false;

    private protected override void NoteAskedFor() { }      // .NET takes care of its failure

    private void EndAsTask()
    {
        if (Task.IsCompletedSuccessfully)
        {
            Succeed(Core);
            return;
        }

        var failure = Failure.Of(Task.IsFaulted ? Task.Exception.InnerExceptions[0] : CancellationOf(Task), null);
        if (failure.IsCancellation)
        {
            EndCanceled(failure);
        }
        else
        {
            FailRetrieved(failure);
        }
    }

    private static OperationCanceledException CancellationOf(Task canceled)
    {
        try
        {
            canceled.GetAwaiter().GetResult();
            throw new InvalidOperationException("A canceled task has no result.");
        }
        catch (OperationCanceledException exception)
        {
            return exception;
        }
    }

    // On any thread until it is in the inbox.
    private sealed class Arrival(ForeignTask foreign) : LoopItem
    {
        private ForeignTask? foreign = foreign;

        internal void Announce(Task task)
        {
            if (Volatile.Read(ref foreign) is { } waiting)
            {
                waiting.Core.Arrive(this);
            }
            else
            {
                _ = task.Exception;
            }
        }

        internal void LetGo() => Volatile.Write(ref foreign, null);

        internal override void Execute()
        {
            if (foreign is { } waiting)
            {
                waiting.Core.ForeignTasks?.Remove(waiting.Task);
                waiting.EndAsTask();
            }
        }

        internal override void OnArrived(LoopCore core) => Execute();

        internal override void OnRejected(LoopCore core) => _ = foreign?.Task.Exception;
    }
}
