using System.Runtime.CompilerServices;
using EventLoop.Combining;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>A task or future of a loop as a <see cref="Task{T}"/> for code outside; fails if the loop is closed first. Whoever asks while one waits shares
/// it: equal are those for the same awaitable and the same type.</summary>
internal sealed class TaskBridge<T> : CompletionObserver, IOutsideWait
{
    private readonly TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<LoopAwaitable, Task<T>> outcome;

    private TaskBridge(LoopAwaitable awaitable, Func<LoopAwaitable, Task<T>> outcome)
    {
        Watched = awaitable;
        this.outcome = outcome;
    }

    public override bool Equals(object? obj) => obj is TaskBridge<T> other && ReferenceEquals(other.Watched, Watched);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(Watched);

    /// <summary>Any thread.</summary>
    /// <param name="awaitable">What it stands for.</param>
    /// <param name="outcome">Makes a task in the state in which that has ended.</param>
    /// <exception cref="ObjectDisposedException">It has not ended, and its loop is closed.</exception>
    internal static Task<T> From(LoopAwaitable awaitable, Func<LoopAwaitable, Task<T>> outcome)
    {
        var loop = awaitable.Loop;
        var bridge = new TaskBridge<T>(awaitable, outcome);
        if (awaitable.IsCompleted)
        {
            bridge.source.TrySetFromTask(outcome(awaitable));
            return bridge.source.Task;
        }

        if (loop.OutsideWaits.AddOrFind(bridge) is var known && !ReferenceEquals(known, bridge))
        {
            return ((TaskBridge<T>)known).source.Task;
        }

        bool isOpen = !loop.IsClosed;
        if (isOpen && loop.Core.IsInLoopThread)
        {
            awaitable.Watch(bridge);
        }
        else
        {
            isOpen = loop.Core.TryPost(CallbackItem<TaskBridge<T>>.Create(
                static bridge => bridge.Watched!.Watch(bridge), bridge, loop.Core.BaseContext));
        }

        if (!isOpen)
        {
            loop.OutsideWaits.TryTake(bridge);      // or an equal one, whose caller comes here as well
            bridge.Fail(Throw.IsClosed(loop.Name));      // for whoever has come to share it meanwhile
            Throw.Closed(loop.Name);
        }

        return bridge.source.Task;
    }

    internal override void OnEnded(LoopAwaitable ended)
    {
        if (ended.Loop.OutsideWaits.TryTake(this))
        {
            source.TrySetFromTask(outcome(ended));
        }
    }

    public void Fail(Exception failure)
    {
        source.TrySetException(failure);      // the close of the loop and a caller who finds it closed may both come
        _ = source.Task.Exception;      // observed: somebody who does not wait for it has lost nothing when the loop ends
    }
}
