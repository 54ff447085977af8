namespace EventLoop.Orleans.Workers;

/// <summary>The loop of a silo on which asynchronous work runs, on a thread of its own. Any thread.</summary>
internal sealed class SiloLoop : IDisposable
{
    private readonly TaskCompletionSource<Loop> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread thread;

    internal SiloLoop(LoopOptions options)
    {
        thread = new Thread(() =>
        {
            try
            {
                using var runner = new LoopRunner(options with { HandleInterrupt = false });
                started.SetResult(runner.Loop);
                runner.Loop.RunForever();
            }
            catch (Exception failure) when (started.TrySetException(failure))
            {
                // Whoever submits work hears of it.
            }
        }) { Name = options.Name ?? "silo-work", IsBackground = true };
        thread.UnsafeStart();
    }

    internal Task Submit(Func<Coroutine> work, CancellationToken token) => started.Task.GetAwaiter().GetResult().Submit(work, token);

    public void Dispose()
    {
        started.Task.GetAwaiter().GetResult().Stop();
        thread.Join();
    }
}
