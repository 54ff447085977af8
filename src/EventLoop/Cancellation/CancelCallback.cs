using EventLoop.Scheduling;

namespace EventLoop.Cancellation;

/// <summary>A callback for the cancellation of a scope; disposing it removes it, unless it has run. Loop thread only.</summary>
internal sealed class CancelCallback(Action callback) : IDisposable
{
    private readonly ExecutionContext? flow = ExecutionContext.Capture();
    private Action? callback = callback;
    private LinkedList<CancelCallback>? list;
    private LinkedListNode<CancelCallback>? place;

    internal void JoinList(LinkedList<CancelCallback> callbacks)
    {
        list = callbacks;
        place = callbacks.AddLast(this);
    }

    /// <summary>Schedules it as a plain callback; an exception goes to the exception handler.</summary>
    internal void Start(LoopCore core)
    {
        list = null;
        var item = CallbackItem<CancelCallback>.Create(static registration => registration.Run(), this, core.BaseContext);
        item.Flow = flow;
        core.Ready.Enqueue(item);
    }

    public void Dispose()
    {
        callback = null;
        list?.Remove(place!);
        list = null;
    }

    private void Run()
    {
        var run = callback;
        callback = null;
        run?.Invoke();
    }
}
