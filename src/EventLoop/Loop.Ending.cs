using EventLoop.Running;
using EventLoop.Scheduling;

namespace EventLoop;

// The end of a loop, and what other rooms may know of it.
public sealed partial class Loop
{
    /// <summary>How its runs end, and how far an ending run has come.</summary>
    internal LoopShutdown Shutdown { get; }

    /// <summary>What has to be closed together with the loop. Loop thread.</summary>
    internal HashSet<ILoopResident> Residents { get; } = [];

    /// <summary>Whether submissions are refused because the run is ending. Any thread.</summary>
    internal bool IsEnding => Shutdown.HasBegun;

    /// <summary>The thread on which whoever runs the loop will close it; set when he has left it behind. From then on others, such as the container that
    /// would dispose of it, leave it alone. Any thread.</summary>
    internal Thread? LeftTo { get; set; }

    /// <summary>Closes the loop: lets its own default executor finish, releases everything, and reports what was left. Idempotent. asyncio:
    /// <c>close</c>.</summary>
    /// <remarks>
    /// Unfinished tasks are not awaited: <see cref="Run(Coroutine, LoopOptions?, CancellationToken)"/> and <see cref="LoopRunner"/> cancel and await them
    /// first. While the executor that the loop made has work, for at most <see cref="LoopOptions.ShutdownTimeout"/>, the loop keeps turning, so that work
    /// which waits for the loop is served; nothing more can be submitted.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The loop is running.</exception>
    public void Dispose()
    {
        if (closed || (LeftTo is { } thread && (IsRunning || !ReferenceEquals(thread, Thread.CurrentThread))))
        {
            return;
        }

        if (IsRunning)
        {
            throw new InvalidOperationException($"Loop '{Name}' is running and cannot be disposed. Call Stop(), and dispose it when its run has returned.");
        }

        Shutdown.Begin();
        Shutdown.DisposeLocals();
        Shutdown.DrainExecutor();
        var pending = Core.Tasks.Snapshot();
        LoopShutdown.LeaveLines(pending);
        watches?.End();
        foreach (var resident in Residents.ToArray())
        {
            resident.OnLoopClosing();
        }

        EndDiagnostics();      // sets closed
        CountWatching();
        Core.Close();
        Shutdown.ReportPending(pending);
        OutsideWaits.FailAll(Name);
        pending.ForEach(static task => task.OnLeftBehind());
        Shutdown.WaitForExecutor();
        Losses.ReportAll();
    }

    /// <summary>For the metrics, which count a loop among the open or the closed ones.</summary>
    internal void SetClosed() => closed = true;
}
