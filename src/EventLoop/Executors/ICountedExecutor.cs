namespace EventLoop.Executors;

/// <summary>An executor that knows how much work it has.</summary>
internal interface ICountedExecutor
{
    /// <summary>How many jobs are queued or running. Any thread.</summary>
    int Unfinished { get; }
}
