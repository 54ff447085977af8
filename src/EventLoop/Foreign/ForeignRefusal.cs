using EventLoop.Tasks;

namespace EventLoop.Foreign;

/// <summary>
/// A foreign wait that a cancellation has met and not ended: work that was given a token has its grace to end by itself; code of the task that waits more
/// deeply takes whatever time it needs; and in debug mode a wait that is still pending after a second is reported. Loop thread only.
/// </summary>
internal sealed class ForeignRefusal(ForeignWait wait, LoopTask task)
{
    // Code of the task that waits more deeply is checked again from time to time, but not in every turn.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private InternalTimer? grace;
    private InternalTimer? patience;

    internal bool GraceIsOver { get; private set; }

    /// <summary>Has the cancellation decided again when the grace period is over.</summary>
    internal void BeginGrace() => AskAgainAfter(task.Loop.Options.ForeignGrace);

    /// <summary>The same for a wait that code of the task holds up; as often as necessary.</summary>
    internal void Pause()
    {
        var pause = task.Loop.Options.ForeignGrace;
        AskAgainAfter(pause == Timeout.InfiniteTimeSpan || pause > ShortestPause ? pause : ShortestPause);
    }

    /// <summary>In debug mode: reports the wait if it is still pending after a second.</summary>
    internal void Watch()
    {
        if (task.Loop.Debug && patience is null)
        {
            patience = new InternalTimer(Complain);
            patience.Start(task.Core, Patience);
        }
    }

    internal void End()
    {
        grace?.Stop();
        patience?.Stop();
    }

    private void AskAgainAfter(TimeSpan time)
    {
        if (grace is null && time != Timeout.InfiniteTimeSpan)
        {
            grace = new InternalTimer(AskAgain);
            grace.Start(task.Core, time);
        }
    }

    private void AskAgain()
    {
        grace = null;
        GraceIsOver = true;
        task.ScheduleInterruption();
    }

    private void Complain()
    {
        if (task.IsCancellationDue(wait))
        {
            task.Loop.OnCancellationRefused(task, wait);
        }
    }
}
