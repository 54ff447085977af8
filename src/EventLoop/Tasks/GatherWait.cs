using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>gather: all of them, or the first that does not succeed.</summary>
internal sealed class GatherWait(IReadOnlyList<LoopAwaitable> children) : ChildrenWait(children)
{
    private LoopAwaitable? failed;
    private bool disowned;

    protected override bool IsReady => Pending == 0 || failed is not null;

    /// <summary>Throws what the first of them that failed ended with.</summary>
    internal void ThrowFirstFailure() => failed?.ThrowUnlessSucceeded();

    /// <summary>The gather was cancelled; failures of its children are no longer its business.</summary>
    internal void Disown()
    {
        disowned = true;
        Detach();
    }

    protected override void OnChildEnded(LoopAwaitable child, int index)
    {
        if (failed is not null)
        {
            child.MarkRetrieved();        // the gather has thrown already: what comes later is known to have been asked for
            return;
        }

        if (!child.IsCompletedSuccessfully)
        {
            failed = child;
        }

        if (IsReady && !disowned)
        {
            WakeWaiter();
        }
    }

    protected override AbortResult OnInterrupted(string? reason)
    {
        disowned = true;
        CancelChildren(reason);
        return AbortResult.GivenUp;
    }

    public override string Describe(WaitNode node) => $"gather of {Children.Count} ({Pending} pending)";
}
