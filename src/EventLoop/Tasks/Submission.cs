using EventLoop.Cancellation;
using EventLoop.Combining;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>A coroutine on its way from another thread to the loop, and its result on the way back.</summary>
internal sealed class Submission<T> : LoopItem, IOutsideWait
{
    private readonly TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Loop loop;
    private readonly Func<Coroutine<T>> body;
    private readonly CancellationToken token;
    private readonly ExecutionContext? flow;
    private CancellationTokenRegistration registration;
    private LoopTask<T>? running;       // loop thread
    private int begun;                  // any thread, interlocked: nonzero once it has begun or was withdrawn

    private Submission(Loop loop, Func<Coroutine<T>> body, CancellationToken token)
    {
        this.loop = loop;
        this.body = body;
        this.token = token;
        Context = loop.Core.BaseContext;
        flow = ExecutionContext.Capture();
    }

    /// <exception cref="ObjectDisposedException">The loop is closed. A submission is either refused in this way, or its task fails.</exception>
    internal static Task<T> Hand(Loop loop, Func<Coroutine<T>> body, CancellationToken token)
    {
        if (token.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(token);
        }

        // Everything is set up before the post: from then on the loop's thread may run it to its end. Execute sees a token that fires before that, too.
        var submission = new Submission<T>(loop, body, token);
        submission.registration = token.UnsafeRegister(static submission => ((Submission<T>)submission!).CancelFromAnyThread(), submission);
        loop.OutsideWaits.Add(submission);
        if (!loop.Core.TryPost(submission))
        {
            submission.registration.Unregister();
            if (loop.OutsideWaits.TryTake(submission))
            {
                Throw.Closed(loop.Name);
            }
        }

        return submission.source.Task;
    }

    internal override void Execute()
    {
        if (Interlocked.Exchange(ref begun, 1) != 0 || token.IsCancellationRequested)
        {
            TryCancel();
            return;
        }

        if (loop.IsEnding)
        {
            loop.OutsideWaits.TryFail(this, Throw.RunIsOver(loop.Name));
            return;
        }

        loop.Core.ThreadContexts.RestoreFlow(flow);
        running = LoopTask<T>.Create(loop.Core, DeferredCoroutine.Run(body), null, eager: false);
        running.Watch(new BridgeObserver(ended => End((LoopTask<T>)ended)));
    }

    internal override void OnRejected(LoopCore core) => loop.OutsideWaits.TryFail(
        this, new ObjectDisposedException(loop.Name, $"The event loop '{loop.Name}' was closed before the submitted work could start."));

    public void Fail(Exception failure)
    {
        registration.Unregister();
        source.SetException(failure);
        _ = source.Task.Exception;      // observed: somebody who does not wait for it has lost nothing when the loop ends
    }

    private void TryCancel()
    {
        if (loop.OutsideWaits.TryTake(this))
        {
            registration.Unregister();
            source.SetCanceled(token);
        }
    }

    private void End(LoopTask<T> task)
    {
        if (!loop.OutsideWaits.TryTake(this))
        {
            return;
        }

        registration.Unregister();
        if (task.IsCanceled && token.IsCancellationRequested)
        {
            source.SetCanceled(token);
        }
        else
        {
            source.TrySetFromTask(task.ToTask());
        }
    }

    private void CancelFromAnyThread()
    {
        if (Interlocked.Exchange(ref begun, 1) == 0)
        {
            TryCancel();      // it may be long before its loop gets to it
            return;
        }

        var cancel = CallbackItem<Submission<T>>.Create(
            static submission => submission.CancelRunning(), this, loop.Core.BaseContext);
        loop.Core.TryPost(cancel);
    }

    private void CancelRunning()
    {
        using (CancelTrail.Begin(loop.Core, "token"))
        {
            running?.CancelCore("the caller's token was cancelled");
        }
    }
}
