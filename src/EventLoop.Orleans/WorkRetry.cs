namespace EventLoop.Orleans;

/// <param name="Attempts">The most attempts.</param>
/// <param name="Key">Null: one is made for each piece of work.</param>
internal sealed record WorkRetry(int Attempts, string? Key)
{
    /// <summary>The place of the piece among many, which its key ends in; for a chunk that of its first argument. Null: it is one alone.</summary>
    internal long? From { get; init; }
}
