using EventLoop.Scheduling;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EventLoop.AspNetCore;

/// <summary>The loops that serve the application, and their threads, which end with the container. Any thread.</summary>
internal sealed partial class ServerLoops(
    IOptions<EventLoopServerOptions> options, GivenLoop given, IServiceProvider services, ILoggerFactory loggers, ILogger<ServerLoops> logger,
        IHostApplicationLifetime lifetime) : IDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);

    private readonly Lock starting = new();      // for starting the threads, with the server or at the first request of a test server
    private readonly List<LoopThread> threads = [];
    private Loop[]? loops;
    private int next;
    private bool disposed;

    internal EventLoopServerOptions Options => options.Value;

    /// <summary>All loops, which are running.</summary>
    /// <exception cref="InvalidOperationException">The loop on which the application was made has to be the only one, and more were requested.</exception>
    internal Loop[] All => Volatile.Read(ref loops) ?? Start(null);

    /// <summary>The loops in turn, for requests that come by no connection of this transport.</summary>
    internal Loop Any() => All is [var only] ? only : All[(int)((uint)Interlocked.Increment(ref next) % (uint)All.Length)];

    /// <summary>Called when the server starts, possibly on a loop.</summary>
    internal Loop[] StartHere() => Volatile.Read(ref loops) ?? Start(Loop.TryGetCurrent(out var here) ? here : null);

    internal static ObjectDisposedException HasEnded(Loop loop) => new(loop.Name, $"The loop '{loop.Name}' that serves this application has ended.");

    /// <summary>Runs <paramref name="function"/> on a loop, from wherever this is called.</summary>
    /// <param name="loop">Any.</param>
    /// <param name="function">Does not begin any more when this has failed.</param>
    /// <param name="undo">Called there for a result that comes while this fails.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">The loop does not get to it.</exception>
    internal static async Task<T> RunOnAsync<T>(Loop loop, Func<T> function, Action<T>? undo = null, CancellationToken cancellation = default)
    {
        if (ReferenceEquals(LoopCore.Running, loop.Core))
        {
            return function();
        }

        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Core.Arrive(new RawStep(
            () =>
            {
                if (done.Task.IsCompleted)
                {
                    return;      // given up
                }

                try
                {
                    var result = function();
                    if (!done.TrySetResult(result))
                    {
                        undo?.Invoke(result);
                    }
                }
                catch (Exception failure)
                {
                    done.TrySetException(failure);
                }
            },
            () => done.TrySetException(new ObjectDisposedException(loop.Name, $"The event loop '{loop.Name}' is closed."))));
        try
        {
            return await done.Task.WaitAsync(StartPatience, cancellation).ConfigureAwait(false);
        }
        catch (Exception givenUp) when (givenUp is TimeoutException or OperationCanceledException)
        {
            if (!done.TrySetCanceled(CancellationToken.None))
            {
                return await done.Task.ConfigureAwait(false);      // it came at the same moment
            }

            if (givenUp is OperationCanceledException)
            {
                throw;
            }

            throw new InvalidOperationException(
                $"The loop '{loop.Name}' has not answered for {StartPatience.TotalSeconds} s. Something blocks its thread: app.Run() and app.Start() do on a "
                    + "loop, where it is 'await app.RunAsync()'.");
        }
    }

    public void Dispose()
    {
        LoopThread[] all;
        lock (starting)
        {
            disposed = true;
            all = [.. threads];
        }

        foreach (var thread in all)
        {
            thread.Stop();
        }

        foreach (var thread in all)
        {
            if (!thread.Join())
            {
                LogLeft(logger, thread.Name);
            }
        }
    }

    private Loop[] Start(Loop? here)
    {
        lock (starting)
        {
            if (loops is not null)
            {
                return loops;
            }

            ObjectDisposedException.ThrowIf(disposed, this);
            int count = Options.Loops;
            here = (Loop?)services.GetService(typeof(Loop)) ?? given.Loop ?? here;
            if (here is not null)
            {
                return loops = count == 1 ? [here] : throw new InvalidOperationException(
                    $"The application has the loop '{here.Name}' and is served there, and Loops is {count}. Leave it at 1; or leave out AddEventLoop and "
                        + "make the application where no loop runs.");
            }

            return loops = StartThreads(count);
        }
    }

    // All of them, or none: it may be tried again.
    private Loop[] StartThreads(int count)
    {
        var template = Options.LoopOptions ?? new LoopOptions { ShutdownTimeout = TimeSpan.FromSeconds(5) };
        try
        {
            var started = new Loop[count];
            for (int i = 0; i < count; i++)
            {
                var thread = new LoopThread(
                    template with
                    {
                        Name = count == 1 ? template.Name ?? "web" : $"{template.Name ?? "web"}-{i + 1}",
                        HandleInterrupt = false,
                        LoggerFactory = template.LoggerFactory ?? loggers,
                    },
                    OnEnded);
                started[i] = thread.Start();
                threads.Add(thread);
            }

            return started;
        }
        catch
        {
            threads.ForEach(static thread => thread.Stop());
            threads.ForEach(static thread => thread.Join());
            threads.Clear();
            throw;
        }
    }

    // By LoopExitException or Stop in a handler, or by this class's own Stop. What the application does when it stops may take its time, and may wait for what
    // is left on the loop: it must not hold this thread, which has to end that.
    private void OnEnded(Loop loop, Exception? failure)
    {
        if (disposed || Volatile.Read(ref loops) is null)
        {
            return;      // one that another could not be started beside has served nobody
        }

        if (failure is LoopExitException exit)
        {
            Environment.ExitCode = exit.ExitCode;
        }

        LogEnded(logger, loop.Name, failure);
        ThreadPool.UnsafeQueueUserWorkItem(static loops => loops.StopApplication(), this, preferLocal: false);
    }

    // On the thread pool, where an exception that nobody catches ends the process.
    private void StopApplication()
    {
        try
        {
            lifetime.StopApplication();
        }
        catch (Exception failure)
        {
            LogStopFailed(logger, failure);
        }
    }

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "The application could not be stopped after the end of a loop that serves it.")]
    private static partial void LogStopFailed(ILogger logger, Exception failure);

    [LoggerMessage(EventId = 1, Level = LogLevel.Critical, Message = "The loop '{Loop}' that serves the application has ended; the application stops.")]
    private static partial void LogEnded(ILogger logger, string loop, Exception? failure);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "The thread of the loop '{Loop}' does not end: a handler blocks it. It is left behind.")]
    private static partial void LogLeft(ILogger logger, string loop);
}
