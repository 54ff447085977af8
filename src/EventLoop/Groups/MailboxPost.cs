using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop.Groups;

/// <summary>One message from a task of any loop. On the thread of that loop, except for what the line's gate guards.</summary>
[StackTraceHidden]
internal sealed class MailboxPost<T> : PooledWait, IListNode<MailboxPost<T>>
{
    private readonly MailboxLine<T> line;
    private LoopCore? origin;

    private MailboxPost(MailboxLine<T> line, T message)
    {
        this.line = line;
        Message = message;
    }

    internal T? Message { get; }

    /// <summary>Whether its sender still waits for room. Guarded by the line's gate, like the fields below.</summary>
    internal bool IsWaiting { get; set; }

    MailboxPost<T>? IListNode<MailboxPost<T>>.Previous { get; set; }

    MailboxPost<T>? IListNode<MailboxPost<T>>.Following { get; set; }

    /// <summary>Written before <see cref="Return"/>.</summary>
    internal Exception? Refusal { get; set; }

    // Not pooled: it may be awaited on a loop other than the one that made it.
    internal static Coroutine Call(MailboxLine<T> line, T message)
    {
        var post = new MailboxPost<T>(line, message);
        post.Begin();
        return new Coroutine(post, post.Token);
    }

    public override bool Start(long token)
    {
        if (TryInterrupt(token, out var core, out bool completed))
        {
            return completed;
        }

        origin = core;
        if (!line.TryEnter(this, waits: false, out var refusal))
        {
            return MustWait(token);
        }

        core.PendingThrow = refusal;
        return core.SpendBudget();
    }

    /// <summary>Returns it to its loop with its outcome. Any thread.</summary>
    internal void Return() => origin!.TryPost(this);      // nobody waits on a closed loop

    internal override void OnArrived(LoopCore core) => Waiter?.Wake(core);

    private protected override void Verify(LoopCore running)
    {
    }

    protected override void Enqueue(WaitNode awaiting)
    {
    }

    protected override void OnParked()
    {
        if (line.TryEnter(this, waits: true, out var refusal))
        {
            Refusal = refusal;
            Waiter!.Wake(origin!);
        }
        else
        {
            line.VerifyHome();
        }
    }

    public override AbortResult Abort(WaitNode node, string? reason) => line.TryLeave(this) ? AbortResult.GivenUp : AbortResult.Refused;

    protected override void Recycle(LoopCore core) => core.PendingThrow ??= Refusal;

    public override string Describe(WaitNode node) => $"{ResourceNames.Label("mailbox", line.Mailbox)} (to send)";

    public override WaitKind Kind => WaitKind.Channel;

    public override object? Resource => line.Mailbox;

    public override string? Gist => "mailbox (to send)";
}
