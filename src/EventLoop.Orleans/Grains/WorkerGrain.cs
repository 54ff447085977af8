using EventLoop.Orleans.Workers;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;

namespace EventLoop.Orleans.Grains;

/// <summary>Passes work to the silo's workers, so that none of it runs on the silo's scheduler.</summary>
[PreferLocalPlacement, Reentrant]
internal sealed class WorkerGrain : Grain, IWorkerGrain
{
    private readonly SiloWorkers workers;
    private readonly Func<Guid, ITicketGrain> ticketOf;

    public WorkerGrain(SiloWorkers workers)
    {
        this.workers = workers;
        ticketOf = id => GrainFactory.GetGrain<ITicketGrain>(id);
    }

    public Task<SiloDescription> Describe() => Task.FromResult(workers.Description);

    public Task<WorkReply> Run(WorkRequest request, CancellationToken cancellationToken) => workers.Run(request, cancellationToken, ticketOf);

    public Task<WorkReply[]> RunMany(WorkRequest[] requests) => workers.RunMany(requests, ticketOf);
}
