namespace EventLoop.Orleans;

/// <param name="Attempts">At most so many.</param>
/// <param name="Key">Null: one is made for each piece of work.</param>
internal sealed record WorkRetry(int Attempts, string? Key);
