using EventLoop.Scheduling;

namespace EventLoop.Combining;

/// <summary>gather: all of them, or the first that does not succeed.</summary>
internal sealed class GatherWait(LoopAwaitable[] children) : ChildrenWait(children)
{
    private LoopAwaitable? failed;

    protected override bool IsReady => Pending == 0 || failed is not null;

    /// <summary>Called when it is over: throws the outcome of the first that failed. Later failures are marked as retrieved.</summary>
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
        Detach();       // later failures of its children no longer concern it
        CancelChildren(reason);
        return AbortResult.GivenUp;
    }

    public override string Describe(WaitNode node) => $"gather of {Children.Length} ({Pending} pending)";

    public override string? Gist => "gather";
}
