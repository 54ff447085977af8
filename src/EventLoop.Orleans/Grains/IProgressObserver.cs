using Orleans;

namespace EventLoop.Orleans.Grains;

/// <summary>Receives the progress reports of a piece of work.</summary>
[Alias("EventLoop.IProgressObserver")]
internal interface IProgressObserver : IGrainObserver
{
    /// <summary>Returns when the caller has room for more.</summary>
    [Alias("Report")]
    Task Report(long number, ReadOnlyMemory<byte> progress);
}
