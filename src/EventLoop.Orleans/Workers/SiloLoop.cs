namespace EventLoop.Orleans.Workers;

/// <summary>The loop of a silo on which asynchronous work runs, on a thread of its own. Any thread.</summary>
internal sealed class SiloLoop : IDisposable
{
    private readonly TaskCompletionSource<Loop> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread thread;
    private volatile bool isStopped;

    internal SiloLoop(LoopOptions options)
    {
        thread = new Thread(() =>
        {
            try
            {
                using var runner = new LoopRunner(options with { HandleInterrupt = false });
                started.SetResult(runner.Loop);
                Run(runner.Loop);
            }
            catch (Exception failure) when (started.TrySetException(failure) || failure is LoopExitException)
            {
                // Whoever submits work hears of it; and cleanup code that the end cancels may ask for an exit.
            }
        }) { Name = options.Name ?? "silo-work", IsBackground = true };
        thread.UnsafeStart();
    }

    internal Task Submit(Func<Coroutine> work, CancellationToken token) => started.Task.GetAwaiter().GetResult().Submit(work, token);

    public void Dispose()
    {
        isStopped = true;
        try
        {
            started.Task.GetAwaiter().GetResult().Stop();
        }
        catch (Exception) when (started.Task.IsFaulted)
        {
            // It could not be made.
        }

        thread.Join();
    }

    // Work, and tasks that it has left behind, may stop the loop or ask for the end of the program: it belongs to others, too, and only the silo ends it.
    private void Run(Loop loop)
    {
        while (!isStopped)
        {
            try
            {
                loop.RunForever();
            }
            catch (LoopExitException)
            {
                // See above.
            }
        }
    }
}
