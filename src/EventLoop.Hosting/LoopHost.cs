using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventLoop.Hosting;

/// <summary>A loop, the thread that it runs on, and its main, which waits for the host to stop.</summary>
/// <remarks><b>Thread:</b> any, for everything except <see cref="MainAsync"/>.</remarks>
internal sealed partial class LoopHost : IDisposable
{
    /// <summary>What a loop whose time has elapsed gets to name what it abandons and to close.</summary>
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(1);

    private readonly LoopRunner runner;
    private readonly IHostApplicationLifetime? lifetime;
    private readonly ILogger log;
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private LoopFuture? stop;            // guarded by the gate; belongs to the loop
    private Thread? thread;              // guarded by the gate
    private bool stopIsAsked;            // guarded by the gate
    private volatile bool isLeftBehind;  // nobody waits for its thread any more; any thread
    private Exception? failure;          // written before `ended`, read after it

    internal LoopHost(LoopOptions options, TimeSpan heartbeatLimit, IHostApplicationLifetime? lifetime)
    {
        runner = new LoopRunner(options);
        Heartbeat = new Heartbeat(runner.Loop, heartbeatLimit);
        this.lifetime = lifetime;
        log = options.LoggerFactory?.CreateLogger<Loop>() ?? NullLogger<Loop>.Instance;
    }

    internal Loop Loop => runner.Loop;

    internal LoopOptions Options => Loop.Options;

    internal Heartbeat Heartbeat { get; }

    private bool HasEnded => ended.Task.IsCompleted;

    /// <summary>Starts the thread, once.</summary>
    /// <returns>Completes when the loop is turning.</returns>
    internal Task StartAsync()
    {
        lock (gate)
        {
            if (thread is null)
            {
                ObjectDisposedException.ThrowIf(stopIsAsked, Loop);
                thread = new Thread(Run) { Name = $"loop {Loop.Name}", IsBackground = true };
                thread.UnsafeStart();
            }
        }

        return started.Task;
    }

    /// <summary>Ends the loop: what is left on it is cancelled and awaited.</summary>
    /// <param name="outOfTime">Fires when the host no longer waits: what has not ended then is named and abandoned.</param>
    /// <returns>Completes when the loop has ended; fails as the loop failed, if it did so by itself.</returns>
    internal async Task StopAsync(CancellationToken outOfTime)
    {
        AskToStop();
        try
        {
            await ended.Task.WaitAsync(outOfTime).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Hurry();
            try
            {
                await ended.Task.WaitAsync(LastMoment, CancellationToken.None).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                LeaveBehind();
                return;
            }
        }

        if (failure is not null)
        {
            throw new InvalidOperationException($"The loop '{Loop.Name}' ended before the host was stopped: {failure.Message}", failure);
        }
    }

    /// <summary>Ends the loop like <see cref="StopAsync"/>, within the time that the loop's options give; for containers that are disposed without a host that
    /// stopped. Waits for nothing where the stop has left the loop behind, and on the loop's own thread, whose step has to return first.</summary>
    public void Dispose()
    {
        AskToStop();
        if (thread is null)
        {
            runner.Dispose();       // never started; what was put on it meanwhile ends here
        }
        else if (ReferenceEquals(thread, Thread.CurrentThread))
        {
            Loop.LeftTo = thread;
        }
        else if (!isLeftBehind && !ended.Task.Wait(SystemWait.Limit(Options.ShutdownTimeout, LastMoment)))
        {
            Hurry();
            if (!ended.Task.Wait(LastMoment))
            {
                LeaveBehind();
            }
        }
    }

    // Its thread closes it if that step ever returns.
    private void LeaveBehind()
    {
        Loop.LeftTo = thread;
        isLeftBehind = true;
        LogStuck(Loop.Name, Heartbeat.CurrentStep);
    }

    private void AskToStop()
    {
        lock (gate)
        {
            stopIsAsked = true;
            if (thread is null)
            {
                ended.TrySetResult();
            }
            else if (stop is { } future)
            {
                Post(() => future.TrySetResult());
            }
        }
    }

    // What is still running is abandoned, and named by the loop; if its thread is in a step, that has to return first.
    private void Hurry() => Loop.Shutdown.LeaveNoTime();

    private void Post(Action action)
    {
        try
        {
            Loop.Post(action);
        }
        catch (ObjectDisposedException)
        {
            // It has ended.
        }
    }

    private void Run()
    {
        Exception? reason = null;
        try
        {
            try
            {
                runner.Run(MainAsync);
            }
            finally
            {
                runner.Dispose();
            }
        }
        catch (Exception exception)
        {
            reason = exception;
        }

        End(reason);
    }

    private async Coroutine MainAsync()
    {
        Loop.CurrentTask!.Name = "host";
        var future = new LoopFuture(Loop).Named("stop of the host");
        lock (gate)
        {
            stop = future;
            if (stopIsAsked)
            {
                future.TrySetResult();
            }
        }

        started.TrySetResult();
        await future;
    }

    private void End(Exception? reason)
    {
        bool asked;
        lock (gate)
        {
            asked = stopIsAsked;
        }

        if (reason is LoopExitException exit)
        {
            Environment.ExitCode = exit.ExitCode;
            LogExit(Loop.Name, exit.ExitCode);
        }
        else if (reason is not null && !(asked && reason is OperationCanceledException))
        {
            failure = reason;
            LogFailure(reason, Loop.Name);
        }

        if (started.TrySetException(reason ?? new InvalidOperationException($"The loop '{Loop.Name}' was stopped before it had started.")))
        {
            _ = started.Task.Exception;       // whoever started it may be gone
        }

        ended.TrySetResult();
        if (!asked)
        {
            lifetime?.StopApplication();
        }
    }

    [LoggerMessage(1, LogLevel.Information, "A task of loop '{Loop}' asked to exit with code {ExitCode}: the application stops.")]
    private partial void LogExit(string loop, int exitCode);

    [LoggerMessage(2, LogLevel.Critical, "Loop '{Loop}' ended before the host was stopped. The application stops.")]
    private partial void LogFailure(Exception failure, string loop);

    [LoggerMessage(3, LogLevel.Critical, "Loop '{Loop}' did not come back from a step of {Step}, and is left behind.")]
    private partial void LogStuck(string loop, string step);
}
