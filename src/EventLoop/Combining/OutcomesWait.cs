using EventLoop.Scheduling;

namespace EventLoop.Combining;

/// <summary>gather(return_exceptions=True): all of them, however they end. If it is cancelled, even before it began, it cancels them and keeps
/// waiting.</summary>
internal sealed class OutcomesWait(LoopAwaitable[] children) : ChildrenWait(children)
{
    private LoopCanceledException? cancellation;

    protected override bool IsReady => Pending == 0;

    internal void ThrowIfCancelled()
    {
        if (cancellation is not null)
        {
            throw cancellation;
        }
    }

    protected override void OnChildEnded(LoopAwaitable child, int index)
    {
        if (IsReady)
        {
            WakeWaiter();
        }
    }

    protected override AbortResult OnInterrupted(string? reason)
    {
        if (cancellation is null)
        {
            cancellation = new LoopCanceledException(reason);
            CancelChildren(reason);       // once: a further request meets the same wait and does not cut their cleanup short
        }

        return AbortResult.PassedOn;
    }

    public override string Describe(WaitNode node) => $"gather of {Children.Length} ({Pending} pending)";

    public override string? Gist => "gather";
}
