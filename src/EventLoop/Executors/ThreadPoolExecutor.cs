using EventLoop.Executors;

namespace EventLoop;

/// <summary>Runs work on .NET's thread pool, with an optional limit.</summary>
/// <remarks><b>Thread:</b> any. Work begins in the order in which it was submitted. It does not see the submitter's ExecutionContext unless it was submitted
/// by <c>Loop.RunInExecutor</c>.</remarks>
public sealed class ThreadPoolExecutor : IExecutor, IJobExecutor, ICountedExecutor
{
    private readonly int most;
    private readonly JobQueue jobs = new(nameof(ThreadPoolExecutor));
    private readonly Turn turn;
    private int workers;            // any thread, interlocked

    /// <summary>Makes an executor over the shared pool.</summary>
    /// <param name="maxWorkers">How many pieces of work run at the same time; null: as many as the pool allows.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxWorkers"/> is less than one.</exception>
    public ThreadPoolExecutor(int? maxWorkers = null)
    {
        if (maxWorkers is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(number, 1, nameof(maxWorkers));
        }

        most = maxWorkers ?? int.MaxValue;
        turn = new Turn(this);
    }

    /// <inheritdoc/>
    public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        var done = jobs.Add(work, cancellationToken);
        StartWorker();
        return done;
    }

    void IJobExecutor.Submit(ReturningJob job)
    {
        if (most == int.MaxValue)
        {
            jobs.Count();
            job.QueueOnPool(jobs);
        }
        else
        {
            jobs.Add(job);
            StartWorker();
        }
    }

    /// <summary>Stops taking work, and waits for what it has. Work that has not begun can still be withdrawn.</summary>
    /// <exception cref="InvalidOperationException">Called by work that runs on it, which would wait for itself.</exception>
    public ValueTask DisposeAsync() => new(jobs.Close());

    /// <summary>How many jobs are queued or running.</summary>
    internal int Unfinished => jobs.Unfinished;

    int ICountedExecutor.Unfinished => Unfinished;

    private void StartWorker()
    {
        int running = Volatile.Read(ref workers);
        while (running < most)
        {
            int found = Interlocked.CompareExchange(ref workers, running + 1, running);
            if (found == running)
            {
                ThreadPool.UnsafeQueueUserWorkItem(turn, preferLocal: false);
                return;
            }

            running = found;
        }
    }

    // One job for each turn on the pool, so that a long queue does not monopolize a pool thread.
    private void Work()
    {
        jobs.RunOne();
        Interlocked.Decrement(ref workers);
        if (!jobs.IsEmpty)
        {
            StartWorker();
        }
    }

    // The same object for every turn: queuing it allocates nothing.
    private sealed class Turn(ThreadPoolExecutor executor) : IThreadPoolWorkItem
    {
        public void Execute() => executor.Work();
    }
}
