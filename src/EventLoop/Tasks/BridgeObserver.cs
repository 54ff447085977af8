namespace EventLoop.Tasks;

/// <summary>An observer that passes a completion on to somebody outside the loop.</summary>
[StackTraceHidden]
internal sealed class BridgeObserver(Action<object> ended) : CompletionObserver
{
    internal override void OnEnded(LoopAwaitable awaitable) => ended(awaitable);
}
