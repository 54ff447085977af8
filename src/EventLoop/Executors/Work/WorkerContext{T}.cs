namespace EventLoop;

/// <summary>The context of work that reports its progress.</summary>
/// <typeparam name="TProgress">The type of the reports.</typeparam>
public sealed class WorkerContext<TProgress> : WorkerContext
{
    private readonly Action<TProgress> report;

    internal WorkerContext(int workerId, CancellationToken cancellationToken, Action<TProgress> report)
        : base(workerId, cancellationToken) => this.report = report;

    /// <summary>Reports progress to the caller. Waits while the caller is far behind.</summary>
    /// <param name="progress">Any value that can be serialized.</param>
    public void Report(TProgress progress) => report(progress);
}
