namespace EventLoop.Executors;

/// <summary>Work that an executor has accepted. It begins once, or is withdrawn once. Any thread.</summary>
internal abstract class Job
{
    // In the queue; set by the queue.
    internal Job? Next;
    internal Job? Previous;
    internal bool IsQueued;

    private JobQueue? queue;
    private CancellationTokenRegistration withdrawal;
    private int begun;

    internal abstract void Run();

    /// <summary>Lets its token remove it from <paramref name="from"/> from now on, which it is in already.</summary>
    internal void AllowWithdrawal(JobQueue from, CancellationToken token)
    {
        if (!token.CanBeCanceled)
        {
            return;
        }

        queue = from;
        var registration = token.UnsafeRegister(static (job, token) => ((Job)job!).Withdraw(token), this);
        withdrawal = registration;
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref begun) != 0)
        {
            registration.Unregister();      // it has begun meanwhile, when there was nothing to unregister yet
        }
    }

    protected abstract void OnWithdrawn(CancellationToken token);

    protected bool TryBegin()
    {
        if (Interlocked.Exchange(ref begun, 1) != 0)
        {
            return false;
        }

        withdrawal.Unregister();
        return true;
    }

    private void Withdraw(CancellationToken token)
    {
        if (Interlocked.Exchange(ref begun, 1) == 0)
        {
            OnWithdrawn(token);
            queue!.Remove(this);
        }
    }
}

/// <inheritdoc/>
internal sealed class Job<T>(Func<T> work) : Job
{
    private readonly TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Func<T>? work = work;

    internal Task<T> Task => source.Task;

    internal override void Run()
    {
        if (!TryBegin())
        {
            return;
        }

        var run = work!;
        work = null;
        try
        {
            source.TrySetResult(run());
        }
        catch (Exception exception)
        {
            source.TrySetException(exception);      // likewise a cancellation: only the work knows whose it is
        }
    }

    protected override void OnWithdrawn(CancellationToken token)
    {
        work = null;
        source.TrySetCanceled(token);
    }
}
