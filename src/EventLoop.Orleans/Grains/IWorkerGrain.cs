using Orleans;

namespace EventLoop.Orleans.Grains;

/// <summary>A door to the workers of whichever silo it is asked on; the numbers spread the calls.</summary>
[Alias("EventLoop.IWorkerGrain")]
internal interface IWorkerGrain : IGrainWithIntegerKey
{
    /// <summary>Runs it, or begins it and answers with a ticket.</summary>
    [Alias("Run"), ResponseTimeout(CallTime.Limit)]
    Task<WorkReply> Run(WorkRequest request, CancellationToken cancellationToken);

    /// <summary>Runs several that are expected to be quick, and answers for all of them at once: with a ticket for each that takes a while after all.</summary>
    [Alias("RunMany"), ResponseTimeout(CallTime.Limit)]
    Task<WorkReply[]> RunMany(WorkRequest[] requests);
}
