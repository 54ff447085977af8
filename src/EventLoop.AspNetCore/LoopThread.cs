namespace EventLoop.AspNetCore;

/// <summary>A loop and the thread that runs it. Any thread.</summary>
/// <param name="options">The options of the loop.</param>
/// <param name="onEnded">Called on that thread, when the run ends.</param>
internal sealed class LoopThread(LoopOptions options, Action<Loop, Exception?> onEnded)
{
    private static readonly TimeSpan LongestJoin = TimeSpan.FromMinutes(1);

    private readonly ManualResetEventSlim started = new();
    private Thread? thread;
    private Loop? loop;
    private Exception? refused;

    internal string Name => options.Name ?? "web";

    /// <returns>The loop, which is running.</returns>
    internal Loop Start()
    {
        thread = new Thread(Run) { Name = Name, IsBackground = true };
        thread.Start();
        started.Wait();
        return loop ?? throw new InvalidOperationException($"The loop '{Name}' could not be made: {refused!.Message}", refused);
    }

    internal void Stop() => loop?.Stop();

    /// <summary>False: its thread is blocked.</summary>
    internal bool Join() => thread is null || thread.Join(
        options.ShutdownTimeout == Timeout.InfiniteTimeSpan || options.ShutdownTimeout > LongestJoin ? LongestJoin
            : (options.ShutdownTimeout * 2) + TimeSpan.FromSeconds(2));

    private void Run()
    {
        Exception? failure = null;
        LoopRunner runner;
        try
        {
            runner = new LoopRunner(options);
        }
        catch (Exception none)
        {
            refused = none;
            started.Set();
            return;
        }

        loop = runner.Loop;
        loop.CallSoon(started.Set);
        try
        {
            loop.RunForever();
        }
        catch (Exception ended)
        {
            failure = ended;
        }

        onEnded(loop, failure);
        try
        {
            runner.Dispose();
        }
        catch (LoopExitException)
        {
            // It is ending already.
        }
    }
}
