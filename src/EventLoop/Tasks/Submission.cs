using System.Collections.Concurrent;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>Work that another thread has handed in and that is not done: failed when the loop closes, so that nobody waits for a dead loop. Any thread.</summary>
internal sealed class SubmissionBook
{
    private readonly ConcurrentDictionary<object, Action<Exception>> open = new();

    internal void Add(object submission, Action<Exception> fail) => open.TryAdd(submission, fail);

    internal void Remove(object submission) => open.TryRemove(submission, out _);

    internal void FailAll(string loop)
    {
        foreach (var fail in open.Values)
        {
            fail(new ObjectDisposedException(loop, $"The event loop '{loop}' was closed before the submitted work was done."));
        }
    }
}

/// <summary>A coroutine on its way from another thread to the loop, and its result on the way back.</summary>
internal sealed class Submission<T> : LoopItem
{
    private readonly TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Loop loop;
    private readonly Func<Coroutine<T>> body;
    private readonly CancellationToken token;
    private readonly ExecutionContext? flow;
    private CancellationTokenRegistration registration;
    private LoopTask<T>? running;       // loop thread

    internal Submission(Loop loop, Func<Coroutine<T>> body, CancellationToken token)
    {
        this.loop = loop;
        this.body = body;
        this.token = token;
        Context = loop.Core.BaseContext;
        if (token.IsCancellationRequested)
        {
            source.TrySetCanceled(token);
            return;
        }

        // All of it before the post: from then on the loop's thread may run it to its end. A token that fires before is seen by Execute.
        flow = ExecutionContext.Capture();
        registration = token.UnsafeRegister(static submission => ((Submission<T>)submission!).CancelFromAnyThread(), this);
        loop.Submissions.Add(this, Fail);
        if (!loop.Core.TryPost(this))
        {
            loop.Submissions.Remove(this);
            registration.Unregister();
            Throw.Closed(loop.Name);
        }
    }

    internal Task<T> Task => source.Task;

    internal override void Execute()
    {
        if (token.IsCancellationRequested)
        {
            loop.Submissions.Remove(this);
            registration.Unregister();
            source.TrySetCanceled(token);
            return;
        }

        loop.Core.Ambience.RestoreFlow(flow);
        running = LoopTask<T>.Create(loop.Core, Bodies.Run(body), null, eager: false);
        running.Watch(new BridgeWatcher(ended => End((LoopTask<T>)ended)));
    }

    internal override void OnRejected(LoopCore core) => Fail(
        new ObjectDisposedException(loop.Name, $"The event loop '{loop.Name}' was closed before the submitted work could start."));

    private void Fail(Exception failure)
    {
        registration.Unregister();
        source.TrySetException(failure);
    }

    private void End(LoopTask<T> task)
    {
        loop.Submissions.Remove(this);
        registration.Unregister();
        if (task.IsCanceled && token.IsCancellationRequested)
        {
            source.TrySetCanceled(token);
        }
        else
        {
            source.TrySetFromTask(task.ToTask());
        }
    }

    private void CancelFromAnyThread()
    {
        var cancel = CallbackItem<Submission<T>>.Create(
            static submission => submission.running?.CancelCore("the caller's token was cancelled"), this, loop.Core.BaseContext);
        loop.Core.TryPost(cancel);
    }
}
