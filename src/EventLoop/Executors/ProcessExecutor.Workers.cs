using System.Diagnostics;
using EventLoop.Executors;
using EventLoop.Executors.Work;
using EventLoop.Executors.Workers;

namespace EventLoop;

// The life of the workers, and what they report.
public sealed partial class ProcessExecutor
{
    private void StartWorker()
    {
        var worker = new WorkerHandle(this, ++lastWorker);
        workers.Add(worker);
        home!.Loop.Residents.Add(resident);
        started++;
        if (Options.MemoryLimit is not null)
        {
            memoryWatch ??= home!.Loop.CallLater(TimeSpan.FromSeconds(1), WatchMemory);
        }

        bool flows = !ExecutionContext.IsFlowSuppressed();
        var suppressed = flows ? ExecutionContext.SuppressFlow() : default;
        try
        {
            _ = Loop.CreateTask(worker.Run(), $"worker {worker.Id} of a process pool", eager: false);
        }
        finally
        {
            if (flows)
            {
                suppressed.Undo();
            }
        }
    }

    internal void OnReady(WorkerHandle worker)
    {
        failedStarts = 0;
        MakeIdle(worker);
    }

    internal void OnOutcome(WorkerHandle worker, WorkItem item, FrameKind kind, long took, ReadOnlySpan<byte> bytes)
    {
        workTicks += took;
        item.Worker = null;
        item.DropFrame();
        if (!item.IsDone)
        {
            item.IsDone = true;
            try
            {
                if (kind == FrameKind.Result)
                {
                    item.Succeed(Serializer, bytes);
                    completed++;
                }
                else
                {
                    failed++;
                    item.Fail(WorkFrames.ReadFailure(bytes));
                }
            }
            catch (Exception unreadable)
            {
                failed++;
                item.Fail(unreadable);
            }
        }

        worker.IsWornOut |= worker.TasksDone >= Options.MaxTasksPerWorker || (Options.MemoryLimit is { } limit && worker.ResidentBytes > limit);
        if (worker.Item is { } next)
        {
            queueTicks += next.BegunAt - next.QueuedAt;
            Dispatch();
            NoteChange();
        }
        else
        {
            MakeIdle(worker);
        }
    }

    /// <summary>Work that was sent ahead has come back.</summary>
    internal void OnReturned(WorkItem item)
    {
        TakeBack(item);
        Dispatch();
        NoteChange();
    }

    internal void OnIdleTooLong(WorkerHandle worker)
    {
        if (idle.Contains(worker) && Living > Options.IdleWorkers)
        {
            idle.Remove(worker);
            worker.End();
            NoteChange();
        }
    }

    internal void OnWorkerEnded(WorkerHandle worker, ExitStatus? status, Exception? failure, bool hasBegun)
    {
        idle.Remove(worker);
        workers.Remove(worker);
        if (worker.Item is { } item)
        {
            item.Worker = null;
            if (!hasBegun && !item.IsDone && item.Frame is not null)
            {
                PutBack(item);
            }
            else if (item.IsDone)
            {
                item.DropFrame();
            }
            else
            {
                item.DropFrame();
                item.IsDone = true;
                crashed++;
                var end = status ?? new ExitStatus(255);
                item.Fail(new WorkerCrashedException(worker.VerdictOn(end), end, item.Name.Display, Stopwatch.GetElapsedTime(item.BegunAt), worker.ProcessId,
                    worker.StandardError));
            }
        }

        foreach (var unbegun in worker.Ahead)
        {
            TakeBack(unbegun);
        }

        if (worker is { HasStarted: false, WasKilled: false } && !closed)
        {
            OnStartFailed(worker, status, failure);
        }

        if (home!.Loop.IsEnding)
        {
            FailAll(new ObjectDisposedException(nameof(ProcessExecutor), $"Loop '{home!.Loop.Name}', to which the process pool belongs, has ended."));
        }
        else if (!closed)
        {
            Dispatch();
        }

        NoteChange();
    }

    private void OnStartFailed(WorkerHandle worker, ExitStatus? status, Exception? failure)
    {
        const int most = 3;
        if (++failedStarts < most && failure is not PlatformNotSupportedException)
        {
            return;
        }

        failedStarts = 0;
        string said = worker.StandardError.Trim();
        string how = failure?.Message ?? $"the last one ended with {status}";
        startFailure = new WorkerStartException($"Worker processes cannot be started: {how}{(said.Length > 0 ? $" It wrote: {said}" : "")}", failure);
        FailAll(startFailure);
    }

    private void MakeIdle(WorkerHandle worker)
    {
        if (worker.IsWornOut)
        {
            Retire(worker);
        }
        else if (!worker.WasKilled)      // its end would be under way, and work that it got now would be lost
        {
            idle.Add(worker);
            if (Options.IdleTimeout is { } time && waiting.Count == 0)
            {
                worker.EndWhenIdle(time);
            }
        }

        Dispatch();
        NoteChange();
    }

    private void Retire(WorkerHandle worker)
    {
        idle.Remove(worker);
        recycled++;
        worker.End();
    }

    private void WatchMemory()
    {
        memoryWatch = null;
        long? mostResident = Options.MemoryLimit is { } limit && limit <= long.MaxValue - (limit / 4) ? limit + (limit / 4) : null;
        foreach (var worker in workers.ToArray())
        {
            if (worker.State is WorkerState.Busy or WorkerState.Canceling && worker.ResidentBytes > mostResident)
            {
                worker.Kill(WorkerCrash.MemoryLimit);
            }
        }

        if (workers.Count > 0)
        {
            memoryWatch = home!.Loop.CallLater(TimeSpan.FromSeconds(1), WatchMemory);
        }
    }
}
