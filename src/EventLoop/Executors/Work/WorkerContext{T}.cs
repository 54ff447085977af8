namespace EventLoop;

/// <summary>The same for work that reports its progress.</summary>
/// <typeparam name="TProgress">The type of what it reports.</typeparam>
public sealed class WorkerContext<TProgress> : WorkerContext
{
    private readonly Action<TProgress> report;

    internal WorkerContext(int workerId, CancellationToken cancellationToken, Action<TProgress> report)
        : base(workerId, cancellationToken) => this.report = report;

    /// <summary>Tells the caller. Waits while the caller is far behind.</summary>
    /// <param name="progress">Anything that can travel.</param>
    public void Report(TProgress progress) => report(progress);
}
