using System.Runtime.CompilerServices;
using EventLoop.Cancellation;
using EventLoop.Coroutines;
using EventLoop.Foreign;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop;

/// <summary>What the rooms above the engine keep for each loop. Every engine is a <see cref="LoopState"/>, and
/// every owner of steps a task: nothing is asked, and nothing costs.</summary>
[StackTraceHidden]
internal static class LoopStateAccess
{
    extension(LoopCore core)
    {
        internal Loop Loop => Unsafe.As<LoopState>(core).Loop;

        /// <summary>The unfinished ones.</summary>
        internal TaskTable Tasks => Unsafe.As<LoopState>(core).Tasks;

        /// <summary>The task whose step runs now.</summary>
        internal LoopTask? CurrentTask => core.Current?.Task;

        internal CancelRounds CancelRounds => Unsafe.As<LoopState>(core).CancelRounds;

        /// <summary>Counts the cancellations that waits have thrown or passed on, so that "since when" can be asked.</summary>
        internal long Deliveries
        {
            get => Unsafe.As<LoopState>(core).Deliveries;
            set => Unsafe.As<LoopState>(core).Deliveries = value;
        }

        /// <summary>See <see cref="EventLoop.Loop.WatchesCoroutines"/>; here, where every coroutine and task finds it at once.</summary>
        internal bool WatchesCoroutines
        {
            get => Unsafe.As<LoopState>(core).WatchesCoroutines;
            set => Unsafe.As<LoopState>(core).WatchesCoroutines = value;
        }

        /// <summary>Whether a cancellation ends the await of a .NET task, where the runtime lets it. Tests clear it.</summary>
        internal bool InterruptsForeignAwaits
        {
            get => Unsafe.As<LoopState>(core).InterruptsForeignAwaits;
            set => Unsafe.As<LoopState>(core).InterruptsForeignAwaits = value;
        }

        /// <summary>Those that somebody has waited for; made on demand.</summary>
        internal ConditionalWeakTable<Task, ForeignTask>? ForeignTasks
        {
            get => Unsafe.As<LoopState>(core).ForeignTasks;
            set => Unsafe.As<LoopState>(core).ForeignTasks = value;
        }

        /// <summary>Foreign waits that were given up, by the tasks that they are still registered with; null until there is one.</summary>
        internal ConditionalWeakTable<Task, ForeignWait>? AbandonedWaits
        {
            get => Unsafe.As<LoopState>(core).AbandonedWaits;
            set => Unsafe.As<LoopState>(core).AbandonedWaits = value;
        }

        /// <summary>The room of the connections keeps its blocks here.</summary>
        internal ref object? Blocks => ref Unsafe.As<LoopState>(core).Blocks;

        /// <summary>A coroutine has thrown.</summary>
        internal Failure NoteFailure(Exception exception)
        {
            var state = Unsafe.As<LoopState>(core);
            return state.LatestFailure = Failure.Of(exception, state.LatestFailure);
        }

        /// <summary>Turns until <paramref name="awaited"/> is complete (null: for ever), someone calls Stop, or an exit exception is raised.</summary>
        internal void Run(LoopAwaitable? awaited) => core.Run(new AwaitedEnd(awaited), awaited);

        /// <summary>The loop that runs on this thread, for somebody who was given a coroutine.</summary>
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
        /// <summary>Has it decided, after whatever is ready now, what becomes of the waits for things that are not ours.</summary>
        internal void ScheduleInterruption()
        {
            if (!task.IsCompleted && !task.Context.IsInterruptionDue)
            {
                task.Context.IsInterruptionDue = true;
                task.Core.Ready.Enqueue(new ForeignInterruption(task));
            }
        }
    }

    extension(WaiterQueue queue)
    {
        /// <summary>For statistics: who waits, first come first.</summary>
        internal IReadOnlyList<LoopTask> Tasks => queue.Select(static node => node.Context?.Task);
    }

    private readonly struct AwaitedEnd(LoopAwaitable? awaited) : IRunEnd
    {
        public bool IsReached => awaited is { IsCompleted: true };
    }
}
