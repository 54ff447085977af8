using Microsoft.Extensions.Hosting;

namespace EventLoop.Hosting;

/// <summary>A background service that runs on a loop: <see cref="BackgroundService"/> with a coroutine for a body.</summary>
/// <remarks>
/// <para>Registered by <c>services.AddHostedService&lt;T&gt;()</c>. The host treats it as any background service: what it throws is logged, and stops the host
/// as <c>HostOptions.BackgroundServiceExceptionBehavior</c> says; one that returns has done its work.</para>
/// <para>A stop of the host cancels the coroutine: the wait that it is in throws <see cref="LoopCanceledException"/>, its <c>finally</c> blocks run, on the
/// loop, and the host waits for them. The loop itself is stopped after all services.</para>
/// </remarks>
public abstract class BackgroundLoopService : BackgroundService
{
    /// <summary>A service on <paramref name="loop"/>.</summary>
    /// <param name="loop">By injection: the application's loop, or with <c>[FromKeyedServices(key)]</c> another one.</param>
    protected BackgroundLoopService(Loop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        Loop = loop;
    }

    /// <summary>The loop that it runs on.</summary>
    protected Loop Loop { get; }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The loop does not run: it is the host that starts both.</exception>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (!Loop.IsRunning)
        {
            throw new InvalidOperationException(
                $"{GetType().Name} cannot start: loop '{Loop.Name}' {(Loop.IsClosed ? "has ended" : "does not run yet")}. A loop of services.AddEventLoop() "
                    + "runs from the host's start to its end: start the host, not the service.");
        }

        return base.StartAsync(cancellationToken);
    }

    /// <summary>What the service does, in a task of its own, on the loop's thread.</summary>
    /// <remarks>The token that <see cref="BackgroundService"/> hands out is
    /// <see cref="EventLoop.Loop.CancellationToken"/> here: give it to what takes one; waits on the loop need none.</remarks>
    protected abstract Coroutine ExecuteAsync();

    /// <summary>Hands <see cref="ExecuteAsync()"/> to the loop.</summary>
    /// <param name="stoppingToken">Cancels it.</param>
    /// <returns>Ends as the coroutine ends.</returns>
    protected sealed override Task ExecuteAsync(CancellationToken stoppingToken) => Loop.Submit(Named, stoppingToken);

    private Coroutine Named()
    {
        if (EventLoop.Loop.CurrentTask is { } task)
        {
            task.Name = GetType().Name;
        }

        return ExecuteAsync();
    }
}
