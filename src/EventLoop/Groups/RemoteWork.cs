using System.Runtime.ExceptionServices;
using EventLoop.Combining;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Synchronization;
using EventLoop.Tasks;

namespace EventLoop.Groups;

/// <summary>Work on another loop that a task of this one awaits: it runs there as a task of its own, a cancellation is passed on, and the wait ends when the
/// work has. Loop thread only.</summary>
[StackTraceHidden]
internal sealed class RemoteWork<T> : PooledWait<T>
{
    private readonly LoopThread there;
    private readonly RoundTrip roundTrip;
    private ExceptionDispatchInfo? failure;

    private RemoteWork(LoopThread there, Func<Coroutine<T>> body)
    {
        this.there = there;
        roundTrip = new RoundTrip(this, there.Loop, body);
        Begin();
    }

    internal static Coroutine<T> On(LoopThread there, Func<Coroutine<T>> body)
    {
        var work = new RemoteWork<T>(there, body);
        var made = new Coroutine<T>(work, work.Token);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "LoopGroup.Run") : made;
    }

    public override bool Start(long token)
    {
        if (TryInterrupt(token, out var core, out bool completed))
        {
            return completed;
        }

        roundTrip.Origin = core;
        return MustWait(token);
    }

    private protected override void Verify(LoopCore running)
    {
    }

    protected override void Enqueue(WaitNode awaiting)
    {
    }

    // Not before it is parked: the outcome may be on its way back at once.
    protected override void OnParked()
    {
        there.BeginWork();
        roundTrip.Go();
    }

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        roundTrip.Cancel(reason);
        return AbortResult.PassedOn;
    }

    /// <summary>The work has come back.</summary>
    internal override void OnArrived(LoopCore core)
    {
        if (Waiter is { State: WaitState.Parked } node)
        {
            node.Wake(core);
        }
    }

    protected override void Recycle(LoopCore core) => failure?.Throw();

    public override string Describe(WaitNode node) => $"work on loop '{there.Loop.Name}'";

    /// <summary>The way there and back. The outcome is written before the post that carries it, and read after it.</summary>
    private sealed class RoundTrip(RemoteWork<T> work, Loop loop, Func<Coroutine<T>> body) : LoopItem, IOutsideWait
    {
        private readonly ExecutionContext? flow = ExecutionContext.Capture();
        private LoopTask<T>? running;       // thread of the loop that it goes to, like the two below
        private bool isCanceled;
        private string? cancelReason;

        internal LoopCore? Origin { get; set; }

        internal void Go()
        {
            Context = loop.Core.BaseContext;
            loop.OutsideWaits.Add(this);
            if (!loop.Core.TryPost(this))
            {
                OnRejected(loop.Core);
            }
        }

        internal override void Execute()
        {
            if (loop.IsEnding)
            {
                loop.OutsideWaits.TryFail(this, Throw.RunIsOver(loop.Name));
                return;
            }

            loop.Core.ThreadContexts.RestoreFlow(flow);
            running = LoopTask<T>.Create(loop.Core, DeferredCoroutine.Run(body), null, eager: false);
            running.Watch(new BridgeObserver(ended => End((LoopTask<T>)ended)));
            if (isCanceled)
            {
                running.CancelCore(cancelReason);      // where the order of a turn is shuffled, the request may come first
            }
        }

        internal override void OnRejected(LoopCore core) => loop.OutsideWaits.TryFail(
            this, new ObjectDisposedException(loop.Name, $"The event loop '{loop.Name}' was closed before the work that was sent to it could start."));

        public void Fail(Exception failure)
        {
            work.failure = ExceptionDispatchInfo.Capture(failure);
            Return();
        }

        internal void Cancel(string? reason) => loop.Core.TryPost(CallbackItem<(RoundTrip RoundTrip, string? Reason)>.Create(
            static cancel => cancel.RoundTrip.CancelThere(cancel.Reason), (this, reason), loop.Core.BaseContext));

        private void CancelThere(string? reason)
        {
            if (running is not null)
            {
                running.CancelCore(reason);
            }
            else
            {
                isCanceled = true;
                cancelReason = reason;
            }
        }

        private void End(LoopTask<T> task)
        {
            if (!loop.OutsideWaits.TryTake(this))
            {
                return;
            }

            if (task.FailureOrCancellation() is { } failure)
            {
                work.failure = ExceptionDispatchInfo.Capture(failure is LoopExitException exit ? EndOfLoop(exit) : failure);
            }
            else
            {
                work.Result = task.Value;
            }

            Return();
        }

        // It ends the loop on which it was thrown, not that of the waiter.
        private ObjectDisposedException EndOfLoop(LoopExitException exit) =>
            new($"The event loop '{loop.Name}' ends, because the work that was sent to it has asked to exit with code {exit.ExitCode}.", exit);

        private void Return()
        {
            work.there.EndWork();
            Origin!.TryPost(work);      // nobody waits on a closed loop
        }
    }
}
