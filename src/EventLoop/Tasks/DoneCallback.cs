using EventLoop.Combining;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>A done callback with the ExecutionContext in which it was registered. It stands in the queue of the waiters, so that it runs in its turn among
/// them.</summary>
[StackTraceHidden]
internal sealed class DoneCallback(Delegate key, Action<LoopAwaitable> call, ExecutionContext? flow) : CompletionObserver
{
    internal Delegate Key => key;

    /// <summary>The previous one that was registered with an equal delegate, where an index is kept.</summary>
    internal DoneCallback? Earlier;

    internal override void OnEnded(LoopAwaitable ended)
    {
        var core = ended.Core;
        var item = CallbackItem<(Action<LoopAwaitable> Call, LoopAwaitable Ended)>.Rent(core, static state =>
            state.Call(state.Ended), (call, ended), core.BaseContext);
        item.Flow = flow;
        core.Ready.Enqueue(item);
    }
}

/// <summary>
/// The done callbacks of one awaitable by their delegates. Made when one is first removed, so that most awaitables never have it, and kept from then on: each
/// removal costs one look-up, however many waiters there are.
/// </summary>
[StackTraceHidden]
internal sealed class DoneCallbackIndex
{
    private readonly Dictionary<Delegate, DoneCallback> latest = [];

    internal DoneCallbackIndex(in WaiterQueue waiters)
    {
        for (var node = waiters.First; node is not null; node = node.Following)
        {
            if (node is DoneCallback callback)
            {
                Add(callback);
            }
        }
    }

    internal void Add(DoneCallback callback)
    {
        callback.Earlier = latest.GetValueOrDefault(callback.Key);
        latest[callback.Key] = callback;
    }

    /// <summary>Removes all callbacks of a delegate; the result is the latest, which links to the others.</summary>
    internal DoneCallback? Remove(Delegate key) => latest.Remove(key, out var callback) ? callback : null;
}
