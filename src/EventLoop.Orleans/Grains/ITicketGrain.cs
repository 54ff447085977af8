using Orleans;

namespace EventLoop.Orleans.Grains;

/// <summary>Work that takes a while, on the silo where it runs. When that is lost it stands on another one, and knows of nothing.</summary>
[Alias("EventLoop.ITicketGrain")]
internal interface ITicketGrain : IGrainWithGuidKey
{
    /// <summary>By the silo where the work runs: from now on it is there.</summary>
    [Alias("Open"), ResponseTimeout(CallTime.Limit)]
    Task Open();

    /// <summary>Waits a while for the end: then it is still running.</summary>
    [Alias("Wait"), ResponseTimeout(CallTime.Limit)]
    Task<WorkReply> Wait(CancellationToken cancellationToken);

    /// <summary>Cancels the work, and waits a while for the end.</summary>
    [Alias("Stop"), ResponseTimeout(CallTime.Limit)]
    Task<WorkReply> Stop();
}
