namespace EventLoop;

/// <summary>What work in another process may know about its surroundings. Any thread.</summary>
public class WorkerContext
{
    private protected WorkerContext(int workerId, CancellationToken cancellationToken)
    {
        WorkerId = workerId;
        CancellationToken = cancellationToken;
    }

    /// <summary>The worker's number.</summary>
    public int WorkerId { get; }

    /// <summary>Fires when the waiter was cancelled or the time has elapsed: end soon.</summary>
    public CancellationToken CancellationToken { get; }

    internal static WorkerContext Create(int workerId, CancellationToken cancellationToken) => new(workerId, cancellationToken);
}
