using EventLoop.Scheduling;

namespace EventLoop.Combining;

/// <summary>as_completed: the next one that has ended.</summary>
internal sealed class CompletionWait(LoopAwaitable[] children) : ChildrenWait(children)
{
    private readonly Queue<int> ended = new();

    protected override bool IsReady => ended.Count > 0 || TimedOut;

    private protected override bool EndsWithAny => true;

    /// <summary>The index of the next one.</summary>
    internal bool TryTake(out int next) => ended.TryDequeue(out next);

    protected override void OnChildEnded(LoopAwaitable child, int index)
    {
        ended.Enqueue(index);
        WakeWaiter();
    }

    public override string Describe(WaitNode node) => $"as_completed of {Children.Length} ({Pending} pending)";

    public override string? Gist => "as_completed";
}
