using Orleans;

namespace EventLoop.Orleans.Grains;

/// <summary>Long work, on the silo where it runs. If that is lost the grain is activated on another one, and knows nothing of the work.</summary>
[Alias("EventLoop.ITicketGrain")]
internal interface ITicketGrain : IGrainWithGuidKey
{
    /// <summary>Called by the silo where the work runs, so that the grain is activated there.</summary>
    [Alias("Open"), ResponseTimeout(CallTime.Limit)]
    Task Open();

    /// <summary>Waits a while for the end; otherwise the work is still running.</summary>
    [Alias("Wait"), ResponseTimeout(CallTime.Limit)]
    Task<WorkReply> Wait(CancellationToken cancellationToken);

    /// <summary>Cancels the work, and waits a while for its end.</summary>
    [Alias("Stop"), ResponseTimeout(CallTime.Limit)]
    Task<WorkReply> Stop();
}
