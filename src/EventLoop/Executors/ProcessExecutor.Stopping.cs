using EventLoop.Executors;
using EventLoop.Scheduling;

namespace EventLoop;

// The end of the pool: what it still has may end, then the workers are stopped.
public sealed partial class ProcessExecutor
{
    /// <summary>
    /// Takes no more work; what it has may end within the time, and is then cancelled as if by its waiter, who gets <see cref="LoopCanceledException"/>.
    /// Returns when all workers have ended; afterwards Run throws <see cref="ObjectDisposedException"/>. Python: <c>shutdown</c>.
    /// </summary>
    /// <param name="timeout">Null or infinite: without limit. Zero: no time except <see cref="ProcessExecutorOptions.CancelGrace"/>.</param>
    /// <returns>What had to be cancelled, withdrawn and killed.</returns>
    public async Coroutine<ProcessExecutorStopResult> StopAsync(TimeSpan? timeout = null)
    {
        if (home is null || closed)
        {
            closing = closed = true;
            return default;
        }

        home.VerifyAccess("ProcessExecutor.StopAsync");
        closing = true;
        int killedBefore = killed, running = 0, withdrawn = 0;
        if (!await IdleWithin(timeout))
        {
            foreach (var item in waiting.Concat(outside).ToArray())
            {
                // The room that others have left may have brought it into the queue, for which its argument could not be written.
                if (!item.IsDone)
                {
                    withdrawn++;
                    Abandon(item);
                    item.Fail(new LoopCanceledException("the process pool was stopped"));
                }
            }

            foreach (var worker in workers.ToArray())
            {
                // What it has not begun first: then nobody waits for anything behind the piece that is given up.
                foreach (var item in worker.Given.Reverse().ToArray())
                {
                    if (!ReferenceEquals(item, worker.Item))
                    {
                        withdrawn++;
                    }
                    else
                    {
                        running++;
                        if (Options.CancelGrace == TimeSpan.Zero)
                        {
                            killed++;
                        }
                    }

                    Abandon(item);
                    item.Fail(new LoopCanceledException("the process pool was stopped"));
                }
            }
        }

        foreach (var worker in workers.Where(static worker => worker.State == WorkerState.Starting).ToArray())
        {
            worker.IsWornOut = true;
        }

        while (workers.Count > 0)
        {
            foreach (var worker in idle.ToArray())
            {
                idle.Remove(worker);
                worker.End();
            }

            foreach (var worker in workers.Where(static worker => worker.State == WorkerState.Starting).ToArray())
            {
                worker.Kill(WorkerCrash.Killed);
            }

            await Change();
        }

        closed = true;
        memoryWatch?.Cancel();
        home!.Loop.Residents.Remove(resident);
        return new ProcessExecutorStopResult(running, withdrawn, killed - killedBefore);
    }

    /// <summary>Like <see cref="StopAsync"/> without a limit, as with every executor.</summary>
    public ValueTask DisposeAsync()
    {
        if (home is not { } core || closed)
        {
            closing = closed = true;
            return default;
        }

        if (ReferenceEquals(LoopCore.Running, core))
        {
            return new ValueTask(StopAsync().AsTask());
        }

        try
        {
            return new ValueTask(core.Loop.Submit(() => StopAsync()));
        }
        catch (ObjectDisposedException)
        {
            return default;      // its loop has ended it
        }
    }

    private async Coroutine<bool> IdleWithin(TimeSpan? timeout)
    {
        if (Loop.IsOver(timeout))
        {
            return !HasWork;
        }

        try
        {
            await Loop.WaitFor(Idle(), timeout);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Coroutine Idle()
    {
        while (HasWork)
        {
            await Change();
        }
    }

    private bool HasWork => waiting.Count + outside.Count > 0 || workers.Any(static worker => worker.Item is not null);
}
