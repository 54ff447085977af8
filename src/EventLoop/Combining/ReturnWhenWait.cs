using EventLoop.Scheduling;

namespace EventLoop.Combining;

/// <summary>wait: until enough of them have ended, or the time has elapsed. Owns nothing.</summary>
internal sealed class ReturnWhenWait(LoopAwaitable[] children, ReturnWhen returnWhen) : ChildrenWait(children)
{
    private bool enough;

    protected override bool IsReady => Pending == 0 || enough || TimedOut;

    private protected override bool EndsWithAny => returnWhen == ReturnWhen.FirstCompleted;

    protected override void OnChildEnded(LoopAwaitable child, int index)
    {
        enough |= returnWhen switch
        {
            ReturnWhen.FirstCompleted => true,
            ReturnWhen.FirstException => child.IsFailed,
            _ => false,
        };

        if (IsReady)
        {
            WakeWaiter();
        }
    }

    public override string Describe(WaitNode node) => $"wait for {Children.Length} ({Pending} pending)";

    public override string? Gist => "wait";
}
