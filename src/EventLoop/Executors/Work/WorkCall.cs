namespace EventLoop.Executors.Work;

/// <summary>What one call of a function needs besides its argument.</summary>
/// <param name="WorkerId">For the context.</param>
/// <param name="CancellationToken">For the context.</param>
/// <param name="Serializer">For what is not raw.</param>
/// <param name="Report">Takes a serialized report, and returns when the caller has room for more; null: nobody wants reports.</param>
internal sealed record WorkCall(int WorkerId, CancellationToken CancellationToken, IWorkSerializer Serializer, Action<ReadOnlyMemory<byte>>? Report = null);
