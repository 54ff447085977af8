using System.Runtime.CompilerServices;
using EventLoop.Cancellation;
using EventLoop.Coroutines;
using EventLoop.Foreign;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>What the rooms above the engine keep for each loop. Every engine is a <see cref="LoopState"/>, and every owner of steps is a task, so the access
/// needs no type check and costs nothing.</summary>
[StackTraceHidden]
internal static class LoopStateAccess
{
    extension(LoopCore core)
    {
        internal Loop Loop => Unsafe.As<LoopState>(core).Loop;

        /// <summary>The unfinished tasks.</summary>
        internal TaskTable Tasks => Unsafe.As<LoopState>(core).Tasks;

        internal TaskNumbers TaskNumbers => Unsafe.As<LoopState>(core).TaskNumbers;

        /// <summary>The task whose step is running.</summary>
        internal LoopTask? CurrentTask => core.Current?.Task;

        internal CancelRounds CancelRounds => Unsafe.As<LoopState>(core).CancelRounds;

        /// <summary>Counts the cancellations that waits have thrown or passed on, so that code can tell whether one was delivered since some moment.</summary>
        internal long Deliveries
        {
            get => Unsafe.As<LoopState>(core).Deliveries;
            set => Unsafe.As<LoopState>(core).Deliveries = value;
        }

        /// <summary>See <see cref="EventLoop.Loop.WatchesCoroutines"/>; kept here, where every coroutine and task finds it at once.</summary>
        internal bool WatchesCoroutines
        {
            get => Unsafe.As<LoopState>(core).WatchesCoroutines;
            set => Unsafe.As<LoopState>(core).WatchesCoroutines = value;
        }

        /// <summary>Whether a cancellation ends the await of a .NET task, where the runtime permits it. Tests clear it.</summary>
        internal bool InterruptsForeignAwaits
        {
            get => Unsafe.As<LoopState>(core).InterruptsForeignAwaits;
            set => Unsafe.As<LoopState>(core).InterruptsForeignAwaits = value;
        }

        /// <summary>The .NET tasks that somebody has waited for; made on demand.</summary>
        internal ConditionalWeakTable<Task, ForeignTask>? ForeignTasks
        {
            get => Unsafe.As<LoopState>(core).ForeignTasks;
            set => Unsafe.As<LoopState>(core).ForeignTasks = value;
        }

        /// <summary>Foreign waits that were abandoned, by the tasks that they are still registered with; null until there is one.</summary>
        internal ConditionalWeakTable<Task, ForeignWait>? AbandonedWaits
        {
            get => Unsafe.As<LoopState>(core).AbandonedWaits;
            set => Unsafe.As<LoopState>(core).AbandonedWaits = value;
        }

        /// <summary>Where the room of the connections keeps its blocks.</summary>
        internal ref object? Blocks => ref Unsafe.As<LoopState>(core).Blocks;

        /// <summary>Notes that a coroutine has thrown.</summary>
        internal Failure NoteFailure(Exception exception)
        {
            var state = Unsafe.As<LoopState>(core);
            return state.LatestFailure = Failure.Of(exception, state.LatestFailure);
        }

        /// <summary>Turns until <paramref name="awaited"/> has completed (null: without end), Stop is called, or an exit exception is raised.</summary>
        internal void Run(LoopAwaitable? awaited) => core.Run(new AwaitedEnd(awaited), awaited);

        /// <summary>The loop that runs on this thread; refuses on behalf of a coroutine where there is none.</summary>
        internal static LoopCore RequiredFor(Coroutine given)
        {
            if (LoopCore.Running is { } here)
            {
                return here;
            }

            given.Excuse();
            return Throw.NoRunningLoop();
        }
    }

    extension(LoopContext context)
    {
        /// <summary>The task that steps in this context; null in plain callbacks.</summary>
        internal LoopTask? Task => Unsafe.As<LoopTask?>(context.Owner);
    }

    extension(LoopTask task)
    {
        /// <summary>Schedules the decision, after everything that is ready now, about waits for foreign awaitables.</summary>
        internal void ScheduleInterruption()
        {
            if (!task.Context.IsInterruptionDue)
            {
                task.Context.IsInterruptionDue = true;
                task.Core.Ready.Enqueue(new ForeignInterruption(task));
            }
        }
    }

    extension(WaiterQueue queue)
    {
        /// <summary>The waiting tasks in their order, for statistics.</summary>
        internal IReadOnlyList<LoopTask> Tasks => queue.Select(static node => node.Context?.Task);
    }

    extension(CountedWaiters waiters)
    {
        /// <summary>The same.</summary>
        internal IReadOnlyList<LoopTask> Tasks => waiters.Queue.Tasks;
    }

    private readonly struct AwaitedEnd(LoopAwaitable? awaited) : IRunEnd
    {
        public bool IsReached => awaited is { IsCompleted: true };
    }
}
