using EventLoop.Running;
using EventLoop.Scheduling;

namespace EventLoop;

// The end of a loop, and what others may know of it.
public sealed partial class Loop
{
    /// <summary>The end of its runs, and what of it has begun.</summary>
    internal LoopShutdown Shutdown { get; }

    /// <summary>What has to be ended with the loop. Loop thread.</summary>
    internal HashSet<ILoopResident> Residents { get; } = [];

    /// <summary>Whether nothing more can be submitted to it. Any thread.</summary>
    internal bool IsEnding => Shutdown.HasBegun;

    /// <summary>Closes the loop: lets its default executor finish, lets go of everything, and reports
    /// what was left. Idempotent. asyncio: <c>close</c>.</summary>
    /// <remarks>
    /// Tasks that are not done are not waited for: <see cref="Run(Coroutine, LoopOptions?, CancellationToken)"/> and <see cref="LoopRunner"/> cancel and await
    /// them first. As long as the executor that the loop made has work, for at most <see cref="LoopOptions.ShutdownTimeout"/>, the loop keeps turning, so that
    /// work which waits for the loop is served; nothing more can be submitted to it.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The loop is running.</exception>
    public void Dispose()
    {
        if (closed)
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

        closed = true;
        EndDiagnostics();
        CountWatching();
        Core.Close();
        Shutdown.ReportPending(pending);
        OutsideWaits.FailAll(Name);
        Shutdown.WaitForExecutor();
        Losses.ReportAll();
    }
}
