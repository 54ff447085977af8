using EventLoop.Orleans.Workers;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;

namespace EventLoop.Orleans.Grains;

/// <summary>Passes work to the silo's workers, so that none of it runs on the silo's scheduler.</summary>
[PreferLocalPlacement, Reentrant]
internal sealed class WorkerGrain(SiloWorkers workers) : Grain, IWorkerGrain
{
    public Task<SiloDescription> Describe() => Task.FromResult(workers.Description);

    public Task<WorkReply> Run(WorkRequest request, CancellationToken cancellationToken) => workers.Run(request, cancellationToken, this);

    public Task<WorkReply[]> RunMany(WorkRequest[] requests) => workers.RunMany(requests, this);

    internal ITicketGrain Ticket(Guid id) => GrainFactory.GetGrain<ITicketGrain>(id);
}
