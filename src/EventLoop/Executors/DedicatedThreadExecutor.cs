using System.Collections.Concurrent;
using EventLoop.Executors;

namespace EventLoop;

/// <summary>Runs work on threads of its own: for work that blocks for long, or that wants always the same thread (one worker).</summary>
/// <remarks><b>Thread:</b> any. Work begins in the order in which it was submitted. The threads are background threads, started with the first work, and end when the executor is disposed.</remarks>
public sealed class DedicatedThreadExecutor : IExecutor
{
    private readonly BlockingCollection<Job> waiting = [];
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int workers;
    private readonly string name;
    private int started;      // any thread, interlocked
    private int live;

    /// <summary>An executor with threads of its own.</summary>
    /// <param name="workers">How many.</param>
    /// <param name="name">Their name, with a number; null: "loop-worker".</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="workers"/> is less than one.</exception>
    public DedicatedThreadExecutor(int workers, string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        this.workers = workers;
        this.name = name ?? "loop-worker";
    }

    /// <inheritdoc/>
    public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        ObjectDisposedException.ThrowIf(waiting.IsAddingCompleted, this);
        if (Interlocked.Exchange(ref started, 1) == 0)
        {
            StartThreads();       // before there is work: whoever disposes it meanwhile waits for threads that will end, or the work is refused
        }

        var job = new Job<T>(work, cancellationToken);
        try
        {
            waiting.Add(job, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(name);       // disposed in between
        }

        return job.Task;
    }

    /// <summary>Takes no more work, and waits until what it has is done and its threads have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        waiting.CompleteAdding();
        if (Interlocked.Exchange(ref started, 1) == 0)
        {
            ended.TrySetResult();
        }

        await ended.Task.ConfigureAwait(false);
    }

    private void StartThreads()
    {
        live = workers;
        for (int i = 1; i <= workers; i++)
        {
            new Thread(Work) { IsBackground = true, Name = $"{name}-{i}" }.UnsafeStart();
        }
    }

    private void Work()
    {
        foreach (var job in waiting.GetConsumingEnumerable())
        {
            job.Run();
        }

        if (Interlocked.Decrement(ref live) == 0)
        {
            ended.TrySetResult();
        }
    }
}
