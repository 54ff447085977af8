using Orleans;

namespace EventLoop.Orleans.Grains;

/// <summary>Gives access to the workers of the silo that it is activated on, which is the one that its first call came to. Each caller has some of its
/// own.</summary>
[Alias("EventLoop.IWorkerGrain")]
internal interface IWorkerGrain : IGrainWithGuidKey
{
    /// <summary>Describes the silo.</summary>
    [Alias("Describe"), ResponseTimeout(CallTime.Limit)]
    Task<SiloDescription> Describe();

    /// <summary>Runs the work, or begins it and returns a ticket.</summary>
    [Alias("Run"), ResponseTimeout(CallTime.Limit)]
    Task<WorkReply> Run(WorkRequest request, CancellationToken cancellationToken);

    /// <summary>Runs several pieces that are expected to be quick, and responds for all of them at once, with a ticket for each that takes long after
    /// all.</summary>
    [Alias("RunMany"), ResponseTimeout(CallTime.Limit)]
    Task<WorkReply[]> RunMany(WorkRequest[] requests);
}
