using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>as_completed: the next one that has ended.</summary>
internal sealed class CompletionWait(IReadOnlyList<LoopAwaitable> children) : ChildrenWait(children)
{
    private readonly Queue<LoopAwaitable> ended = new();

    protected override bool IsReady => ended.Count > 0 || TimedOut;

    internal bool TryTake(out LoopAwaitable? next) => ended.TryDequeue(out next);

    protected override void OnChildEnded(LoopAwaitable child, int index)
    {
        ended.Enqueue(child);
        WakeWaiter();
    }

    public override string Describe(WaitNode node) => $"as_completed of {Children.Count} ({Pending} pending)";
}
