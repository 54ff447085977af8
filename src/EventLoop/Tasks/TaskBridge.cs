using EventLoop.Combining;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>A task or future of a loop as a <see cref="Task{T}"/> for code outside; fails if the loop is closed first.</summary>
internal sealed class TaskBridge<T> : CompletionObserver, IOutsideWait
{
    private readonly TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Loop loop;
    private readonly Func<LoopAwaitable, Task<T>> outcome;

    private TaskBridge(Loop loop, Func<LoopAwaitable, Task<T>> outcome)
    {
        this.loop = loop;
        this.outcome = outcome;
    }

    /// <summary>Any thread.</summary>
    /// <param name="awaitable">What it stands for.</param>
    /// <param name="outcome">Makes a task in the state in which that has ended.</param>
    /// <exception cref="ObjectDisposedException">It has not ended, and its loop is closed.</exception>
    internal static Task<T> From(LoopAwaitable awaitable, Func<LoopAwaitable, Task<T>> outcome)
    {
        var loop = awaitable.Loop;
        var bridge = new TaskBridge<T>(loop, outcome);
        if (awaitable.IsCompleted)
        {
            bridge.source.TrySetFromTask(outcome(awaitable));
            return bridge.source.Task;
        }

        loop.OutsideWaits.Add(bridge);
        bool isOpen = !loop.IsClosed;
        if (isOpen && loop.Core.IsInLoopThread)
        {
            awaitable.Watch(bridge);
        }
        else
        {
            isOpen = loop.Core.TryPost(CallbackItem<(LoopAwaitable Awaitable, TaskBridge<T> Bridge)>.Create(
                static pair => pair.Awaitable.Watch(pair.Bridge), (awaitable, bridge), loop.Core.BaseContext));
        }

        if (!isOpen && loop.OutsideWaits.TryTake(bridge))
        {
            Throw.Closed(loop.Name);
        }

        return bridge.source.Task;
    }

    internal override void OnEnded(LoopAwaitable ended)
    {
        if (loop.OutsideWaits.TryTake(this))
        {
            source.TrySetFromTask(outcome(ended));
        }
    }

    public void Fail(Exception failure)
    {
        source.SetException(failure);
        _ = source.Task.Exception;      // observed: somebody who does not wait for it has lost nothing when the loop ends
    }
}
