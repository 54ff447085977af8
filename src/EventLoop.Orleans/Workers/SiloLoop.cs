using System.Diagnostics;

namespace EventLoop.Orleans.Workers;

/// <summary>The loop of a silo on which asynchronous work runs, on a thread of its own. Any thread.</summary>
internal sealed class SiloLoop : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);      // with a loop that was asked whether it still turns
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(3);

    [ThreadStatic]
    private static SiloLoop? here;

    private readonly Action<Task, object?> onEnded;
    private readonly TaskCompletionSource<Loop> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread thread;
    private readonly TimeSpan shutdownTime;
    private volatile bool isStopped;
    private long stopped;    // when it was told to end; zero: not yet
    private long asked;      // interlocked; zero: it has answered
    private int stubborn;    // interlocked

    internal SiloLoop(LoopOptions options)
    {
        shutdownTime = options.ShutdownTimeout;
        onEnded = (ended, job) => OnEnded(ended, (SiloJob)job!);
        thread = new Thread(() =>
        {
            here = this;
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

    /// <summary>The one whose thread this is.</summary>
    internal static SiloLoop? Here => here;

    /// <summary>Runs a job that it has, in its turn, unless that is passed on before.</summary>
    internal void Run(SiloJob job)
    {
        try
        {
            _ = Submit(job.RunAsync, job.Token).ContinueWith(
                onEnded, job, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        catch (Exception failure)
        {
            job.Fail(failure);      // the loop is closed, or could not be made
        }
    }

    internal Task Submit(Func<Coroutine> work, CancellationToken token) => started.Task.GetAwaiter().GetResult().Submit(work, token);

    /// <summary>Asks whether it still turns: work on it does not end when it should.</summary>
    internal void Ask()
    {
        if (started.Task.IsCompletedSuccessfully && Interlocked.CompareExchange(ref asked, Stopwatch.GetTimestamp(), 0) == 0)
        {
            try
            {
                started.Task.Result.Post(() => Interlocked.Exchange(ref asked, 0));
            }
            catch (ObjectDisposedException)
            {
                // It has ended.
            }
        }
    }

    /// <summary>Whether it was asked and does not answer, because work blocks its thread.</summary>
    internal bool IsBlocked => Interlocked.Read(ref asked) is not 0 and var since && Stopwatch.GetElapsedTime(since) > Patience;

    /// <summary>Notes one job more, or less, that was given up and has not returned.</summary>
    internal void NoteStubborn(int by) => Interlocked.Add(ref stubborn, by);

    /// <summary>Whether there are such jobs: each of them may block it at any time.</summary>
    internal bool HasStubborn => Volatile.Read(ref stubborn) > 0;

    /// <summary>Makes it end, as soon as nothing blocks it.</summary>
    internal void Stop()
    {
        if (!isStopped)
        {
            stopped = Stopwatch.GetTimestamp();
            isStopped = true;
            Ask();
        }

        try
        {
            started.Task.GetAwaiter().GetResult().Stop();
        }
        catch (Exception) when (started.Task.IsFaulted)
        {
            // It could not be made.
        }
    }

    /// <summary>Ends it. What it cancels has the loop's own time to clean up; work that blocks its thread is not waited for for long: that ends with the
    /// process.</summary>
    public void Dispose()
    {
        const int Moment = 50;
        Stop();
        while (!thread.Join(Moment))
        {
            var elapsed = Stopwatch.GetElapsedTime(stopped);
            if (elapsed > StopTime && (IsBlocked || (shutdownTime != Timeout.InfiniteTimeSpan && elapsed - StopTime > shutdownTime)))
            {
                return;
            }
        }
    }

    private void OnEnded(Task ended, SiloJob job)
    {
        if (!ended.IsCompletedSuccessfully && job.RunsOn == this)
        {
            job.Fail(ended.Exception?.InnerException ?? new OperationCanceledException());
        }
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
