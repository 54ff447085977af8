using System.Runtime.CompilerServices;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>One call for a token of a <see cref="CapacityLimiter"/>.</summary>
[StackTraceHidden]
internal sealed class TokenWait : PooledWait<Releaser>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private CapacityLimiter? limiter;
    private object? borrower;      // null: the task that awaits it
    private Loan? place;           // while it waits

    /// <param name="owner">The limiter that keeps it for itself; null: it is rented.</param>
    internal TokenWait(CapacityLimiter? owner) => limiter = owner;

    internal static Coroutine<Releaser> Call(CapacityLimiter limiter, object? borrower)
    {
        var own = limiter.OwnWait;
        if (!own.TryClaim(out long token))
        {
            return CallAnother(limiter, borrower);
        }

        if (borrower is not null)
        {
            own.borrower = borrower;
        }

        return new(own, token);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Coroutine<Releaser> CallAnother(CapacityLimiter limiter, object? borrower)
    {
        var wait = FindFree(limiter.OwnWait, limiter.Binding, Slot) ?? new(null);
        wait.limiter = limiter;
        wait.borrower = borrower;
        wait.Begin();
        return new(wait, wait.Token);
    }

    public override bool Start(long token) =>
        TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

    private bool TryComplete(LoopCore core)
    {
        limiter!.Binding.Verify(core, "CapacityLimiter.AcquireAsync");
        var (who, hash) = Borrower(core);
        if (limiter.RefusalFor(who, hash) is { } refusal)
        {
            core.PendingThrow = refusal;
            return true;
        }

        if (!limiter.HasToken)
        {
            return false;
        }

        Result = limiter.Lend(who, hash);
        return true;
    }

    private (object Who, int Hash) Borrower(LoopCore core)
    {
        if (borrower is not null)
        {
            return (borrower, LoanLedger.HashOf(borrower));
        }

        var task = CapacityLimiter.CurrentBorrower(core, "CapacityLimiter.AcquireAsync");
        return (task, task.Id);
    }

    /// <summary>Gives it the token.</summary>
    internal void Grant()
    {
        place!.IsWaiting = false;
        Result = new Releaser(place, place.Ticket);
        place = null;
    }

    private protected override void Verify(LoopCore running) => limiter?.Binding.Verify(running, "CapacityLimiter.AcquireAsync");

    protected override void Enqueue(WaitNode awaiting)
    {
        var (who, hash) = Borrower(awaiting.Context!.Core);
        place = limiter!.Reserve(who, hash);
        limiter.Waiters.Add(awaiting);
    }

    public override AbortResult Abort(WaitNode node, string? reason)
    {
        limiter!.Withdraw(place!);
        place = null;
        limiter.Waiters.Remove(node);
        return AbortResult.GivenUp;
    }

    protected override void Recycle(LoopCore core)
    {
        ForgetResult();
        if (borrower is not null)
        {
            borrower = null;
        }

        if (!ReferenceEquals(this, limiter!.OwnWait))
        {
            limiter = null;
            core.Pools.Return(this, Slot);
        }
    }

    public override string Describe(WaitNode node) =>
        $"{ResourceNames.Label("capacity limiter", limiter)} ({limiter?.BorrowedTokens} of {limiter?.TotalTokens} lent)";

    public override void CollectBlockers(WaitNode node, List<IStepOwner> blockers) => limiter?.CollectBorrowers(blockers);

    public override BlockersNeeded Needs => BlockersNeeded.Any;

    public override WaitKind Kind => WaitKind.Limiter;

    public override object? Resource => limiter;

    public override string? Gist => "capacity limiter";
}
