using Microsoft.Extensions.Hosting;

namespace EventLoop.Hosting;

/// <summary>A background service that runs on a loop: <see cref="BackgroundService"/> with a coroutine as its body.</summary>
/// <remarks>
/// <para>Registered by <c>services.AddHostedService&lt;T&gt;()</c>. The host treats it like any background service: an exception is logged, and stops the host
/// as <c>HostOptions.BackgroundServiceExceptionBehavior</c> says; one that returns has done its work. <see cref="LoopExitException"/> ends the program with its
/// code, and is no failure.</para>
/// <para>Stopping the host cancels the coroutine: its current wait throws <see cref="LoopCanceledException"/>, its <c>finally</c> blocks run, on the loop, and
/// the host waits for them. The loop itself is stopped after all services.</para>
/// </remarks>
public abstract class BackgroundLoopService : BackgroundService
{
    /// <summary>Makes a service on <paramref name="loop"/>.</summary>
    /// <param name="loop">Injected: the application's loop, or with <c>[FromKeyedServices(key)]</c> another one.</param>
    protected BackgroundLoopService(Loop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        Loop = loop;
    }

    /// <summary>The loop that it runs on.</summary>
    protected Loop Loop { get; }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The loop is not running: the host starts both.</exception>
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
    /// <remarks>The token of <see cref="BackgroundService"/> is <see cref="EventLoop.Loop.CancellationToken"/> here: pass it to what takes one; waits on the
    /// loop need none.</remarks>
    protected abstract Coroutine ExecuteAsync();

    /// <summary>Submits <see cref="ExecuteAsync()"/> to the loop.</summary>
    /// <param name="stoppingToken">Cancels it.</param>
    /// <returns>Ends as the coroutine does; by <see cref="LoopExitException"/>, which ends the loop and the host, it ends as well, and does not fail.</returns>
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Loop.Submit(Named, stoppingToken).ConfigureAwait(false);
        }
        catch (LoopExitException)
        {
            // The loop has it; the host would report that the service is broken.
        }
    }

    private Coroutine Named()
    {
        if (EventLoop.Loop.CurrentTask is { } task)
        {
            task.Name = GetType().Name;
        }

        return ExecuteAsync();
    }
}
