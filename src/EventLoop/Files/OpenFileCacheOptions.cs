namespace EventLoop.IO;

/// <summary>Options of an <see cref="OpenFileCache"/>.</summary>
public sealed record OpenFileCacheOptions
{
    /// <summary>The most files that it keeps open; beyond that the least recently used are closed. nginx: <c>open_file_cache max</c>.</summary>
    public int Capacity { get; init; } = 1000;

    /// <summary>How long a file counts as unchanged; then it is looked up again. nginx: <c>open_file_cache_valid</c>.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromSeconds(1);
}
