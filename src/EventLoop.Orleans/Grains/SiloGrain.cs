using EventLoop.Orleans.Workers;
using Orleans;
using Orleans.Concurrency;

namespace EventLoop.Orleans.Grains;

/// <inheritdoc cref="ISiloGrain"/>
[StatelessWorker(1), Reentrant]
internal sealed class SiloGrain(SiloWorkers workers) : Grain, ISiloGrain
{
    public Task<SiloDescription> Describe() => Task.FromResult(workers.Description);
}
