namespace EventLoop.Orleans;

/// <param name="Attempts">The most attempts.</param>
/// <param name="Key">Null: one is made for each piece of work.</param>
internal sealed record WorkRetry(int Attempts, string? Key);
