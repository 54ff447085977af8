namespace EventLoop.AotSmoke;

/// <summary>The awaits that are cancelled wait for what never completes, so the cancellation has to reach the await itself.</summary>
internal static class ForeignAwaits
{
    internal static async Coroutine ResultsAsync()
    {
        int before = Environment.CurrentManagedThreadId;
        await Task.Delay(1);
        Check.That(await Task.Run(static () => 42) == 42);
        Check.That(await NumberAsync().ConfigureAwait(true) == 7);
        Check.That(Environment.CurrentManagedThreadId == before);
    }

    internal static Coroutine CancelTaskAsync() => Check.CancelAsync(Loop.CreateTask(async Coroutine () =>
    {
        Task never = new TaskCompletionSource().Task;
        await never;
    }));

    internal static Coroutine CancelTypedTaskAsync() => Check.CancelAsync(Loop.CreateTask(async Coroutine<string> () =>
    {
        try
        {
            return await new TaskCompletionSource<string>().Task;
        }
        finally
        {
            await Task.Yield();
        }
    }));

    internal static Coroutine CancelConfiguredAsync() => Check.CancelAsync(Loop.CreateTask(
        static async Coroutine<int> () => await new TaskCompletionSource<int>().Task.ConfigureAwait(false)));

    internal static Coroutine CancelInTaskMethodAsync()
    {
        return Check.CancelAsync(Loop.CreateTask(async Task () => await Loop.Sleep(TimeSpan.FromHours(1))));
    }

    private static async Task<int> NumberAsync()
    {
        await Task.Yield();
        return 7;
    }
}
