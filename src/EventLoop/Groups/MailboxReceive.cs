using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop.Groups;

/// <summary>One receive from a mailbox. Loop thread only.</summary>
[StackTraceHidden]
internal sealed class MailboxReceive<T> : PooledWait<T>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private Mailbox<T>? mailbox;

    internal static Coroutine<T> Call(Mailbox<T> mailbox)
    {
        var wait = Rent(mailbox);
        return new Coroutine<T>(wait, wait.Token);
    }

    internal static MailboxReceive<T> Rent(Mailbox<T> mailbox)
    {
        var wait = TryRent<MailboxReceive<T>>(mailbox.Binding, Slot) ?? new MailboxReceive<T>();
        wait.mailbox = mailbox;
        wait.Begin();
        return wait;
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

    private bool TryComplete(LoopCore core)
    {
        Verify(core);
        if (mailbox!.Line.TryTake(out Result, out var refusal))
        {
            return true;
        }

        core.PendingThrow = refusal;
        return refusal is not null;
    }

    private protected override void Verify(LoopCore running)
    {
        if (mailbox is { } own && !ReferenceEquals(running, own.Home))
        {
            Throw.BoundToOtherLoop("Mailbox.ReceiveAsync", own.Home.Loop.Name);
        }
    }

    protected override void Enqueue(WaitNode awaiting) => mailbox!.Receivers.Add(awaiting);

    protected override void OnParked() => mailbox!.Line.Await();

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        mailbox!.Receivers.Remove(node);
        return AbortResult.GivenUp;
    }

    protected override void Recycle(LoopCore core)
    {
        ForgetResult();
        mailbox = null;
        core.Pools.Return(this, Slot);
    }

    public override string Describe(WaitNode node) => $"{ResourceNames.Label("mailbox", mailbox)} (to receive)";

    public override WaitKind Kind => WaitKind.Channel;

    public override object? Resource => mailbox;

    public override string? Gist => "mailbox (to receive)";
}
