namespace EventLoop.Executors.Work;

/// <summary>What one call of a function has beside its argument.</summary>
/// <param name="WorkerId">For the context.</param>
/// <param name="CancellationToken">For the context.</param>
/// <param name="Serializer">For what is not raw.</param>
/// <param name="Report">Takes a progress that was written, and returns when the caller has room for more; null: nobody wants any.</param>
internal sealed record WorkCall(int WorkerId, CancellationToken CancellationToken, IWorkSerializer Serializer, Action<ReadOnlyMemory<byte>>? Report = null);
