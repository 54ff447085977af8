namespace EventLoop.Executors;

/// <summary>Knows a loop's default executor, and ends the one that the loop has made itself.</summary>
/// <remarks>Loop thread only.</remarks>
internal sealed class LoopExecutors(Loop loop)
{
    private IExecutor? current;      // null: the default is not made yet; read on any thread
    private ThreadPoolExecutor? own;      // made by the loop, which disposes it, even if another one has replaced it; read on any thread
    private Task? ownEnd;

    internal IExecutor Default
    {
        get => current ??= loop.Options.DefaultExecutor ?? (own = new ThreadPoolExecutor());
        set => current = value;
    }

    /// <summary>How much work of the loop is queued or runs, there and on the one that the loop has made itself. Any thread.</summary>
    /// <param name="counted">Executors that were counted before, of other loops; afterwards these as well.</param>
    /// <returns>Null: the default executor, which is none of those for threads, does not say.</returns>
    internal int? Backlog(HashSet<object> counted)
    {
        var now = Volatile.Read(ref current) ?? loop.Options.DefaultExecutor;
        if (now is not (null or ICountedExecutor))
        {
            return null;
        }

        int jobs = now is ICountedExecutor known && counted.Add(known) ? known.Unfinished : 0;
        return Volatile.Read(ref own) is { } made && counted.Add(made) ? jobs + made.Unfinished : jobs;
    }

    /// <summary>Stops the default executor, whoever made it, from taking more work, and waits for what it has.</summary>
    /// <returns>Whether everything ended in time.</returns>
    internal async Coroutine<bool> Shutdown(TimeSpan? timeout)
    {
        loop.VerifyOpen(nameof(EventLoop.Loop.ShutdownDefaultExecutorAsync));
        await Loop.CheckPoint();
        var ending = ReferenceEquals(Default, own) ? EndOwn()! : EndOf(Default);

        // In flight: virtual time has to stand still also between the end of the last work and the end of its executor.
        var ended = ForeignTaskExtensions.Completion(ending, inFlight: true);
        if (!ended.IsCompleted)
        {
            await Loop.Wait([ended], timeout ?? loop.Options.ShutdownTimeout);
        }

        if (!ending.IsFaulted)
        {
            return ending.IsCompletedSuccessfully;
        }

        loop.CallExceptionHandler(new LoopExceptionContext("The default executor could not be shut down", ending.Exception.InnerException));
        return false;
    }

    /// <summary>Begins to end the executor that the loop made itself; null if it has made none.</summary>
    internal Task? EndOwn() => ownEnd ??= own is { } made ? EndOf(made) : null;

    private static Task EndOf(IExecutor executor)
    {
        try
        {
            return executor.DisposeAsync().AsTask();
        }
        catch (Exception failure)
        {
            return Task.FromException(failure);
        }
    }
}
