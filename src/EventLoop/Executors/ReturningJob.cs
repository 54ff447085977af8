using System.Runtime.ExceptionServices;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Tasks;

namespace EventLoop.Executors;

/// <summary>
/// A job that returns to its loop: it goes to a thread through the executor's queue and comes back through the inbox, by itself. So a piece of work needs
/// neither a task of .NET, whose continuation would take another turn on the pool, nor anything around it, and can be used again: rented by whoever submits
/// it, returned in <see cref="End"/>. One that was given up is left to the collector.
/// </summary>
/// <remarks>Loop thread, except <see cref="Perform"/>; the executor's queue and the inbox are the fences in between.</remarks>
internal abstract class ReturningJob : Job, IThreadPoolWorkItem
{
    private readonly Return back;
    private LoopCore? core;
    private JobQueue? countedBy;                 // while it is queued on the pool itself
    private ExceptionDispatchInfo? failure;      // of the work; once it has returned the loop's
    private bool isGivenUp;

    private protected ReturningJob() => back = new Return(this);

    /// <summary>Whether a cancellation ends the wait. If not, it stays pending until the work has ended.</summary>
    private protected virtual bool IsInterruptible => true;

    /// <summary>On the other thread.</summary>
    private protected abstract void Perform();

    /// <summary>Clears what it carries: it will not be needed any more.</summary>
    private protected abstract void Forget();

    /// <summary>Returns it to its pool.</summary>
    private protected abstract void Recycle(LoopCore on);

    /// <summary>Hands it over. What follows is to await the result, and to call <see cref="End"/>.</summary>
    /// <exception cref="ObjectDisposedException">The executor was disposed.</exception>
    internal WaitPoint Submit(LoopCore from, IJobExecutor executor)
    {
        core = from;
        from.BeginFlight();      // virtual time stands still meanwhile
        try
        {
            executor.Submit(this);
        }
        catch
        {
            from.EndFlightHere();
            throw;
        }

        return back;
    }

    /// <summary>Ends its use, after the wait; throws what the work threw.</summary>
    internal void End()
    {
        var thrown = failure;
        var on = core!;
        failure = null;
        core = null;
        countedBy = null;
        back.Reset();
        Renew();
        Forget();
        Recycle(on);
        thrown?.Throw();
    }

    /// <summary>Puts it on the thread pool, without a place in a queue that the pool's threads would look into.</summary>
    internal void QueueOnPool(JobQueue counter)
    {
        countedBy = counter;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (TryBegin())
        {
            countedBy!.RunBegun(this);
        }
    }

    internal sealed override void Run()
    {
        if (TryBegin())
        {
            RunBegun();
        }
    }

    internal void RunBegun()
    {
        var home = core!;
        try
        {
            Perform();
        }
        catch (Exception exception)
        {
            failure = ExceptionDispatchInfo.Capture(exception);
        }

        home.Arrive(this);      // the flight ends there: to end it here would wake the loop twice
    }

    protected sealed override void OnWithdrawn(CancellationToken token) => throw new InvalidOperationException("It is withdrawn by its loop, without a token.");

    internal sealed override void OnArrived(LoopCore on)
    {
        on.EndFlightHere();
        if (!isGivenUp)
        {
            back.Set();
        }
        else if (failure is not null)
        {
            Context = on.BaseContext;
            on.Ready.Enqueue(this);      // the handler is called in a step of its own
        }
    }

    internal sealed override void OnRejected(LoopCore on)
    {
        on.EndFlightHere();
        if (isGivenUp && failure is not null)
        {
            ReportLoss(on);
        }
    }

    /// <summary>Reports the failure of work that nobody waits for any more.</summary>
    internal sealed override void Execute()
    {
        core!.ThreadContexts.RestoreFlow(null);
        ReportLoss(core);
    }

    private void ReportLoss(LoopCore on) =>
        on.Loop.ReportLoss(new LoopExceptionContext("Work in an executor failed after its waiter was cancelled", failure!.SourceException));

    // Work that has not begun is withdrawn, and then never returns.
    private void GiveUp()
    {
        isGivenUp = true;
        if (TryWithdraw())
        {
            countedBy?.NoteWithdrawn();
            core!.EndFlightHere();
            Forget();
        }
    }

    /// <summary>The wait for its return.</summary>
    private sealed class Return(ReturningJob job) : WaitPoint
    {
        private bool isSet;

        protected override bool IsReady => isSet;

        protected override bool IsInterruptible => job.IsInterruptible;

        public override WaitKind Kind => WaitKind.Thread;

        public override object? Resource => null;

        public override string Gist => "work in an executor";

        public override string Describe(WaitNode node) => Gist;

        protected override AbortResult OnInterrupted(string? reason)
        {
            job.GiveUp();
            return AbortResult.GivenUp;
        }

        internal void Set()
        {
            isSet = true;
            WakeWaiter();
        }

        internal void Reset() => isSet = false;
    }
}
