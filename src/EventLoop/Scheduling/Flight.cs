namespace EventLoop.Scheduling;

/// <summary>Work on other threads that comes back by itself: virtual time of its loop stands still for it.</summary>
internal static class Flight
{
    /// <summary>Puts work in flight until whoever awaits its result has been posted to.</summary>
    /// <param name="core">The loop that waits; null: none, so that there is nothing to hold.</param>
    /// <param name="work">The task of the work.</param>
    /// <returns>A task that ends as the work does; to be awaited in its place.</returns>
    internal static Task Of(LoopCore? core, Task work)
    {
        if (core is null || work.IsCompleted)
        {
            return work;
        }

        var landed = new TaskCompletionSource();
        Begin(core, work, () => landed.TrySetFromTask(work));
        return landed.Task;
    }

    /// <inheritdoc cref="Of(LoopCore?, Task)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    internal static Task<T> Of<T>(LoopCore? core, Task<T> work)
    {
        if (core is null || work.IsCompleted)
        {
            return work;
        }

        var landed = new TaskCompletionSource<T>();
        Begin(core, work, () => landed.TrySetFromTask(work));
        return landed.Task;
    }

    // When the call of land returns, whoever awaits the result has posted to the loop: something is in the inbox before the flight ends.
    private static void Begin(LoopCore core, Task work, Action land)
    {
        core.BeginFlight();
        work.ContinueWith(
            _ =>
            {
                land();
                core.EndFlight();
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }
}
