namespace EventLoop.Tasks;

/// <summary>A watcher that hands on to whoever is outside the loop.</summary>
[StackTraceHidden]
internal sealed class BridgeObserver(Action<object> ended) : CompletionObserver
{
    internal override void OnEnded(LoopAwaitable awaitable) => ended(awaitable);
}
