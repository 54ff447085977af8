using System.Collections.Concurrent;
using EventLoop.Executors;

namespace EventLoop;

/// <summary>Runs work on .NET's thread pool, at most so many at once.</summary>
/// <remarks><b>Thread:</b> any. Work begins in the order in which it was submitted. It does not see the submitter's ExecutionContext unless it was handed in by <c>Loop.RunInExecutor</c>.</remarks>
public sealed class ThreadPoolExecutor : IExecutor
{
    private readonly int most;
    private readonly ConcurrentQueue<Job> waiting = new();
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int workers;            // any thread, interlocked
    private int unfinished = 1;     // jobs, and one for the executor itself until it is disposed; interlocked
    private int disposed;

    /// <summary>An executor over the shared pool.</summary>
    /// <param name="maxWorkers">How much runs at once; null: as much as the pool gives.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxWorkers"/> is less than one.</exception>
    public ThreadPoolExecutor(int? maxWorkers = null)
    {
        if (maxWorkers is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(number, 1, nameof(maxWorkers));
        }

        most = maxWorkers ?? int.MaxValue;
    }

    /// <inheritdoc/>
    public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        Interlocked.Increment(ref unfinished);
        if (Volatile.Read(ref disposed) != 0)      // asked after counting: either it is refused, or DisposeAsync waits for it
        {
            Finish();
            throw new ObjectDisposedException(nameof(ThreadPoolExecutor));
        }

        var job = new Job<T>(work, cancellationToken);
        waiting.Enqueue(job);
        StartWorker();
        return job.Task;
    }

    /// <summary>Takes no more work, and waits for what it has.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            Finish();
        }

        await drained.Task.ConfigureAwait(false);
    }

    private void StartWorker()
    {
        int running = Volatile.Read(ref workers);
        while (running < most)
        {
            int found = Interlocked.CompareExchange(ref workers, running + 1, running);
            if (found == running)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static executor => executor.Work(), this, preferLocal: false);
                return;
            }

            running = found;
        }
    }

    // One job for each turn on the pool, so that a long queue does not keep a pool thread from others.
    private void Work()
    {
        if (waiting.TryDequeue(out var job))
        {
            job.Run();
            Finish();
        }

        Interlocked.Decrement(ref workers);
        if (!waiting.IsEmpty)
        {
            StartWorker();
        }
    }

    private void Finish()
    {
        if (Interlocked.Decrement(ref unfinished) == 0)
        {
            drained.TrySetResult();
        }
    }
}
