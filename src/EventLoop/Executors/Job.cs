using EventLoop.Scheduling;

namespace EventLoop.Executors;

/// <summary>Work that an executor has accepted. It begins once, or is withdrawn once. Any thread.</summary>
internal abstract class Job : LoopItem, IListNode<Job>
{
    // The queue while it is in it, and its neighbours there; guarded by the queue.
    internal JobQueue? Queue;

    Job? IListNode<Job>.Previous { get; set; }

    Job? IListNode<Job>.Following { get; set; }

    private CancellationTokenRegistration withdrawal;
    private int begun;

    internal abstract void Run();

    /// <summary>Lets its token remove it from the queue from now on, which it is in already.</summary>
    internal void AllowWithdrawal(CancellationToken token)
    {
        if (!token.CanBeCanceled)
        {
            return;
        }

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

    /// <summary>Takes it out of the queue, unless it has begun.</summary>
    protected bool TryWithdraw()
    {
        if (Interlocked.Exchange(ref begun, 1) != 0)
        {
            return false;
        }

        Volatile.Read(ref Queue)?.Remove(this);      // null: a worker has it, and will find that there is nothing to do
        return true;
    }

    /// <summary>Makes one that has run ready for another use.</summary>
    protected void Renew() => Volatile.Write(ref begun, 0);

    private void Withdraw(CancellationToken token)
    {
        if (Interlocked.Exchange(ref begun, 1) == 0)
        {
            OnWithdrawn(token);
            Volatile.Read(ref Queue)?.Remove(this);
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

    internal override void Execute() => throw new InvalidOperationException("This job never comes to a loop.");

    protected override void OnWithdrawn(CancellationToken token)
    {
        work = null;
        source.TrySetCanceled(token);
    }
}
