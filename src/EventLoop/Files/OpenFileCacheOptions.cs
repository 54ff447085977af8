namespace EventLoop.IO;

/// <summary>How an <see cref="OpenFileCache"/> keeps files.</summary>
public sealed record OpenFileCacheOptions
{
    /// <summary>The most files that it keeps open; then those go that were not asked for the longest. nginx: <c>open_file_cache max</c>.</summary>
    public int Capacity { get; init; } = 1000;

    /// <summary>For how long a file is taken for what it was; then it is looked up again. nginx: <c>open_file_cache_valid</c>.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromSeconds(1);
}
