using System.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>Tokens that tasks borrow, at most one each, from a total that can be changed while it is in use. Trio: <c>CapacityLimiter</c>.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>It knows who has borrowed: a borrower that asks for a second token, or gives back one that it does not have, has a bug and is told so.</item>
/// <item>First come, first served: a token that comes back, or is added, goes to the first waiter at once. A cancelled waiter leaves the line; one that was given its token has it.</item>
/// <item>Lowering <see cref="TotalTokens"/> takes nothing from borrowers: <see cref="AvailableTokens"/> is negative until enough have come back.</item>
/// </list>
/// <para>Executors bound their own work: they are used from any thread, and a limiter is not. To bound what one loop hands to them, hold a token around the call.</para>
/// <para><b>Thread:</b> that of the loop that uses it. <b>Cost:</b> 0 bytes in the steady state.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class CapacityLimiter
{
    private readonly Dictionary<object, Grant> borrowed = [];
    private readonly HashSet<object> waitingBorrowers = [];
    private readonly Stack<Grant> free = new();
    private WaiterQueue waiters;
    private LoopBinding binding;
    private int total;

    /// <summary>A limiter.</summary>
    /// <param name="totalTokens">How many may be lent at once; 0 lends none until it is raised.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="totalTokens"/> is negative.</exception>
    public CapacityLimiter(int totalTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(totalTokens);
        total = totalTokens;
    }

    /// <summary>How many may be lent at once. Raising it serves the first waiters at once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Set to less than zero.</exception>
    /// <exception cref="InvalidOperationException">Set from another thread than the loop's.</exception>
    public int TotalTokens
    {
        get => total;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            binding.Verify("CapacityLimiter.TotalTokens");
            total = value;
            ServeWaiters();
        }
    }

    /// <summary>How many are lent now.</summary>
    public int BorrowedTokens => borrowed.Count;

    /// <summary>How many may be borrowed now; negative when the total was lowered below what is lent.</summary>
    public int AvailableTokens => total - borrowed.Count;

    /// <summary>Who has borrowed: tasks, or what was given to <see cref="AcquireOnBehalfOfAsync"/>. A snapshot.</summary>
    public IReadOnlyCollection<object> Borrowers => [.. borrowed.Keys];

    /// <summary>Who waits for a token.</summary>
    public SynchronizationStatistics Statistics
    {
        get
        {
            binding.Verify("CapacityLimiter.Statistics");
            return new(waiters.Count, waiters.Tasks);
        }
    }

    private string DebuggerText => $"{borrowed.Count} of {total} lent, {waitingBorrowers.Count} waiting";

    /// <summary>Waits for a token for the task that awaits this.</summary>
    /// <returns>What gives it back: dispose it, or call <see cref="Release"/>.</returns>
    /// <remarks><b>Cancellation:</b> a waiter leaves the line; what it was given already is delivered. Nothing is borrowed before the await. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="InvalidOperationException">The task has a token or waits for one already, or no task runs here.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had its token.</exception>
    public Coroutine<Releaser> AcquireAsync()
    {
        var wait = TokenWait.Rent(this, null);
        return new(wait, wait.Token);
    }

    /// <summary>Waits for a token for <paramref name="borrower"/>, whatever it is. Trio: <c>acquire_on_behalf_of</c>.</summary>
    /// <param name="borrower">Compared by <see cref="object.Equals(object)"/>.</param>
    /// <inheritdoc cref="AcquireAsync" path="/returns|/remarks"/>
    /// <exception cref="ArgumentNullException"><paramref name="borrower"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The borrower has a token or waits for one already.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had its token.</exception>
    public Coroutine<Releaser> AcquireOnBehalfOfAsync(object borrower)
    {
        ArgumentNullException.ThrowIfNull(borrower);
        var wait = TokenWait.Rent(this, borrower);
        return new(wait, wait.Token);
    }

    /// <summary>Borrows a token for the running task if one is free; never waits, never overtakes a waiter.</summary>
    /// <returns>Whether one was free.</returns>
    /// <exception cref="InvalidOperationException">The task has a token already, no task runs here, or this is not the loop's thread.</exception>
    public bool TryAcquire() => TryAcquire(out _);

    /// <inheritdoc cref="TryAcquire()"/>
    /// <param name="releaser">What gives it back.</param>
    public bool TryAcquire(out Releaser releaser) => TryAcquireOnBehalfOf(CurrentBorrower("CapacityLimiter.TryAcquire"), out releaser);

    /// <summary>Borrows a token for <paramref name="borrower"/> if one is free; never waits, never overtakes a waiter.</summary>
    /// <param name="borrower">Compared by <see cref="object.Equals(object)"/>.</param>
    /// <param name="releaser">What gives it back.</param>
    /// <returns>Whether one was free.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="borrower"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The borrower has a token or waits for one already, or this is not the loop's thread.</exception>
    public bool TryAcquireOnBehalfOf(object borrower, out Releaser releaser)
    {
        ArgumentNullException.ThrowIfNull(borrower);
        binding.Verify("CapacityLimiter.TryAcquire");
        if (RefusalFor(borrower) is { } refusal)
        {
            throw refusal;
        }

        bool taken = AvailableTokens > 0;
        releaser = taken ? Lend(borrower) : default;
        return taken;
    }

    /// <summary>Gives the running task's token back.</summary>
    /// <exception cref="InvalidOperationException">The task has none, no task runs here, or this is not the loop's thread.</exception>
    public void Release() => ReleaseOnBehalfOf(CurrentBorrower("CapacityLimiter.Release"));

    /// <summary>Gives back the token that was borrowed for <paramref name="borrower"/>. Trio: <c>release_on_behalf_of</c>.</summary>
    /// <param name="borrower">Compared by <see cref="object.Equals(object)"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="borrower"/> is null.</exception>
    /// <exception cref="InvalidOperationException">It has none, or this is not the loop's thread.</exception>
    public void ReleaseOnBehalfOf(object borrower)
    {
        ArgumentNullException.ThrowIfNull(borrower);
        binding.Verify("CapacityLimiter.Release");
        if (!borrowed.Remove(borrower, out var grant))
        {
            throw new InvalidOperationException($"{Name(borrower)} has borrowed no token of this limiter, so it has none to give back.");
        }

        grant.Ticket++;
        grant.Borrower = null;
        free.Push(grant);
        ServeWaiters();
    }

    private static LoopTask CurrentBorrower(string member)
    {
        var task = LoopCore.Required.CurrentTask;
        if (task is null)
        {
            Throw.NoCurrentTask(member);
        }

        return task;
    }

    private static string Name(object borrower) => borrower is LoopTask task ? $"The {task.Label}" : $"The borrower '{borrower}'";

    private InvalidOperationException? RefusalFor(object borrower) =>
        borrowed.ContainsKey(borrower) ? new($"{Name(borrower)} has borrowed a token of this limiter already, and a borrower has at most one.")
        : waitingBorrowers.Contains(borrower) ? new($"{Name(borrower)} waits for a token of this limiter already, and a borrower has at most one.")
        : null;

    private Releaser Lend(object borrower)
    {
        if (!free.TryPop(out var grant))
        {
            grant = new Grant(this);
        }

        grant.Borrower = borrower;
        borrowed.Add(borrower, grant);
        return new Releaser(grant, grant.Ticket);
    }

    private void ServeWaiters()
    {
        while (AvailableTokens > 0 && waiters.TakeFirst() is { } waiter)
        {
            var wait = (TokenWait)waiter.Target!;
            waitingBorrowers.Remove(wait.Borrower!);
            wait.Result = Lend(wait.Borrower!);
            waiter.Wake();
        }
    }

    /// <summary>One token in the hands of one borrower.</summary>
    private sealed class Grant(CapacityLimiter limiter) : IReleasable
    {
        internal object? Borrower;
        internal int Ticket;

        public void Release(int ticket)
        {
            limiter.binding.Verify("Releaser.Dispose");
            if (ticket == Ticket)
            {
                limiter.ReleaseOnBehalfOf(Borrower!);
            }
        }
    }

    private sealed class TokenWait : PooledWait<Releaser>
    {
        private static readonly int Slot = ItemPools.NewSlot();

        private CapacityLimiter? limiter;

        internal object? Borrower { get; private set; }

        internal static TokenWait Rent(CapacityLimiter limiter, object? borrower)
        {
            var wait = LoopCore.Running?.Pools.TryRent<TokenWait>(Slot) ?? new TokenWait();
            wait.limiter = limiter;
            wait.Borrower = borrower;
            return wait;
        }

        public override bool Start(long token) =>
            TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) && core.SpendBudget();

        private bool TryComplete(LoopCore core)
        {
            limiter!.binding.Verify(core, "CapacityLimiter.AcquireAsync");
            Borrower ??= CurrentBorrower("CapacityLimiter.AcquireAsync");
            if (limiter.RefusalFor(Borrower) is { } refusal)
            {
                core.PendingThrow = refusal;
                return true;
            }

            if (limiter.AvailableTokens <= 0)
            {
                return false;
            }

            Result = limiter.Lend(Borrower);
            return true;
        }

        protected override void Enqueue(WaitNode awaiting)
        {
            limiter!.waitingBorrowers.Add(Borrower!);
            limiter.waiters.Add(awaiting);
        }

        public override AbortResult Abort(WaitNode node, string? reason)
        {
            limiter!.waitingBorrowers.Remove(Borrower!);
            limiter.waiters.Remove(node);
            return AbortResult.GivenUp;
        }

        protected override void Recycle(LoopCore core)
        {
            limiter = null;
            Borrower = null;
            Result = default;
            core.Pools.Return(this, Slot);
        }

        public override string Describe(WaitNode node) => $"capacity limiter ({limiter?.BorrowedTokens} of {limiter?.TotalTokens} lent)";
    }
}
