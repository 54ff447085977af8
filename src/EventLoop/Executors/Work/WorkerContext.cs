namespace EventLoop;

/// <summary>Where work in another process runs: what it may know of that. Any thread.</summary>
public class WorkerContext
{
    private protected WorkerContext(int workerId, CancellationToken cancellationToken)
    {
        WorkerId = workerId;
        CancellationToken = cancellationToken;
    }

    /// <summary>The worker's number.</summary>
    public int WorkerId { get; }

    /// <summary>The waiter was cancelled, or the time is over: end soon.</summary>
    public CancellationToken CancellationToken { get; }

    internal static WorkerContext Create(int workerId, CancellationToken cancellationToken) => new(workerId, cancellationToken);
}
