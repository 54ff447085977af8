namespace EventLoop.Executors;

/// <summary>Knows a loop's default executor, and ends the one that the loop has made itself.</summary>
/// <remarks>Loop thread only.</remarks>
internal sealed class LoopExecutors(Loop loop)
{
    private IExecutor? own;      // made by the loop, which disposes it, even if another one has replaced it
    private Task? ownEnd;

    internal IExecutor Default
    {
        get => field ??= loop.Options.DefaultExecutor ?? (own = new ThreadPoolExecutor());
        set;
    }

    /// <summary>Work that its own pool of threads has not finished. Any thread.</summary>
    internal int Backlog => (own as ThreadPoolExecutor)?.Unfinished ?? 0;

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
