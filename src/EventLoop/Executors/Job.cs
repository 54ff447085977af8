namespace EventLoop.Executors;

/// <summary>Work that an executor has taken on. It begins once, or is withdrawn once. Any thread.</summary>
internal abstract class Job
{
    private int begun;

    internal abstract void Run();

    protected bool TryBegin() => Interlocked.Exchange(ref begun, 1) == 0;
}

/// <inheritdoc/>
internal sealed class Job<T> : Job
{
    private readonly TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<T> work;
    private readonly CancellationTokenRegistration withdrawal;

    internal Job(Func<T> work, CancellationToken token)
    {
        this.work = work;
        withdrawal = token.UnsafeRegister(
            static (job, token) =>
            {
                var withdrawn = (Job<T>)job!;
                if (withdrawn.TryBegin())
                {
                    withdrawn.source.TrySetCanceled(token);
                }
            },
            this);
    }

    internal Task<T> Task => source.Task;

    internal override void Run()
    {
        if (!TryBegin())
        {
            return;
        }

        withdrawal.Unregister();
        try
        {
            source.TrySetResult(work());
        }
        catch (OperationCanceledException canceled)
        {
            source.TrySetException(canceled);
        }
        catch (Exception exception)
        {
            source.TrySetException(exception);
        }
    }
}
