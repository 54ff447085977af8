namespace EventLoop.Executors;

/// <summary>Which executor is a loop's default one, and the end of the one that the loop has made itself.</summary>
/// <remarks>Loop thread only.</remarks>
internal sealed class LoopExecutors(Loop loop)
{
    private IExecutor? own;      // made by the loop, which disposes it, also when another one has taken its place
    private Task? ownEnd;

    internal IExecutor Default
    {
        get => field ??= loop.Options.DefaultExecutor ?? (own = new ThreadPoolExecutor());
        set;
    }

    /// <summary>Work that its own pool of threads has not finished. Any thread.</summary>
    internal int Backlog => (own as ThreadPoolExecutor)?.Unfinished ?? 0;

    /// <summary>Takes no more work for the default executor, whoever made it, and waits for what it has.</summary>
    /// <returns>Whether everything ended in time.</returns>
    internal async Coroutine<bool> Shutdown(TimeSpan? timeout)
    {
        loop.VerifyOpen(nameof(EventLoop.Loop.ShutdownDefaultExecutorAsync));
        await Loop.CheckPoint();
        var ending = ReferenceEquals(Default, own) ? EndOwn()! : EndOf(Default);

        // In flight: between the end of the last work and the end of its executor, too, time that is not real has to hold still.
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

    /// <summary>Begins the end of the executor that the loop made itself; null when it has made none.</summary>
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
