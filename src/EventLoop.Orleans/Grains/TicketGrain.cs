using EventLoop.Orleans.Workers;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;

namespace EventLoop.Orleans.Grains;

/// <inheritdoc cref="ITicketGrain"/>
[PreferLocalPlacement, Reentrant]
internal sealed class TicketGrain(SiloWorkers workers) : Grain, ITicketGrain
{
    public Task Open() => Task.CompletedTask;

    public Task<WorkReply> Wait(CancellationToken cancellationToken) => Wait(isStop: false, cancellationToken);

    public Task<WorkReply> Stop() => Wait(isStop: true, CancellationToken.None);

    private async Task<WorkReply> Wait(bool isStop, CancellationToken cancellationToken)
    {
        if (workers.Find(this.GetPrimaryKey()) is not { } job)
        {
            DeactivateOnIdle();
            return WorkReply.Lost;
        }

        if (isStop)
        {
            job.Cancel();
        }

        var reply = await workers.WaitAgain(job, cancellationToken);
        if (reply.Kind != WorkReplyKind.Running)
        {
            DeactivateOnIdle();
        }

        return reply;
    }
}
