using EventLoop.Scheduling;

namespace EventLoop.Combining;

/// <summary>gather: all of them, or the first that does not succeed.</summary>
internal sealed class GatherWait(LoopAwaitable[] children) : ChildrenWait(children)
{
    private LoopAwaitable? failed;

    protected override bool IsReady => Pending == 0 || failed is not null;

    /// <summary>It is over: throws what the first of them that failed ended with. What fails later is known to have been asked for.</summary>
    internal void End()
    {
        if (failed is null)
        {
            return;
        }

        Detach();
        foreach (var child in Children)
        {
            child.MarkAskedFor();
        }

        failed.ThrowUnlessSucceeded();
    }

    protected override void OnChildEnded(LoopAwaitable child, int index)
    {
        if (failed is null && !child.IsCompletedSuccessfully)
        {
            failed = child;
        }

        if (IsReady)
        {
            WakeWaiter();
        }
    }

    protected override AbortResult OnInterrupted(string? reason)
    {
        Detach();       // failures of its children are no longer its business
        CancelChildren(reason);
        return AbortResult.GivenUp;
    }

    public override string Describe(WaitNode node) => $"gather of {Children.Length} ({Pending} pending)";

    public override string? Gist => "gather";
}
