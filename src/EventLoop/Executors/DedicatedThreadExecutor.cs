using EventLoop.Executors;

namespace EventLoop;

/// <summary>Runs work on threads of its own: for work that blocks for long, or that always needs the same thread (one worker).</summary>
/// <remarks><b>Thread:</b> any. Work begins in the order in which it was submitted. The threads are background threads, started with the first work, and end
/// when the executor is disposed.</remarks>
public sealed class DedicatedThreadExecutor : IExecutor, IJobExecutor, ICountedExecutor
{
    private readonly JobQueue jobs;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock starting = new();      // any thread may submit, and any may dispose meanwhile
    private readonly int workers;
    private readonly string name;
    private bool started;     // guarded by the lock
    private int live;         // guarded by the lock

    /// <summary>Makes an executor with threads of its own.</summary>
    /// <param name="workers">How many threads.</param>
    /// <param name="name">The name of the threads, followed by a number; null: "loop-worker".</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="workers"/> is less than one.</exception>
    public DedicatedThreadExecutor(int workers, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        this.workers = workers;
        this.name = name ?? "loop-worker";
        jobs = new JobQueue($"{nameof(DedicatedThreadExecutor)} '{this.name}'");
    }

    /// <inheritdoc/>
    public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        EnsureStarted();
        return jobs.Add(work, cancellationToken);
    }

    void IJobExecutor.Submit(ReturningJob job)
    {
        EnsureStarted();
        jobs.Add(job);
    }

    /// <summary>Stops taking work, and waits until what it has is done and its threads have ended. Work that has not begun can still be withdrawn.</summary>
    /// <exception cref="InvalidOperationException">Called by work that runs on it, which would wait for itself.</exception>
    public async ValueTask DisposeAsync()
    {
        await jobs.Close().ConfigureAwait(false);
        lock (starting)
        {
            if (live == 0)
            {
                ended.TrySetResult();
            }
        }

        await ended.Task.ConfigureAwait(false);
    }

    int ICountedExecutor.Unfinished => jobs.Unfinished;

    private void EnsureStarted()
    {
        if (!Volatile.Read(ref started))
        {
            StartThreads();
        }
    }

    private void StartThreads()
    {
        lock (starting)
        {
            if (started)
            {
                return;
            }

            jobs.ThrowIfClosed();
            for (int i = 1; i <= workers; i++)
            {
                try
                {
                    new Thread(Work) { IsBackground = true, Name = $"{name}-{i}" }.UnsafeStart();
                }
                catch (OutOfMemoryException) when (live > 0)
                {
                    break;      // the threads that exist will do
                }

                live++;
            }

            Volatile.Write(ref started, true);
        }
    }

    private void Work()
    {
        jobs.RunAll();
        lock (starting)
        {
            if (--live == 0)
            {
                ended.TrySetResult();
            }
        }
    }
}
