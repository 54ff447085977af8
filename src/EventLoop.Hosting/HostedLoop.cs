using Microsoft.Extensions.Hosting;

namespace EventLoop.Hosting;

/// <summary>The loop as the host sees it: started before all other services, stopped after them.</summary>
/// <remarks>It is the first of the hosted services. A container disposes it before the loop, so that one that was never stopped ends here.</remarks>
internal sealed class HostedLoop(LoopHost host) : IHostedLifecycleService, IDisposable
{
    public Task StartingAsync(CancellationToken cancellationToken) => host.StartAsync().WaitAsync(cancellationToken);

    // for hosts that know only the basic service interface
    public Task StartAsync(CancellationToken cancellationToken) => host.StartAsync().WaitAsync(cancellationToken);

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => host.StopAsync(cancellationToken);

    public void Dispose() => host.Dispose();
}
