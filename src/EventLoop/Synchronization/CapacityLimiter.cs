using System.Diagnostics;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>Tokens that tasks borrow, at most one each, from a total that can be changed while it is in use. Trio: <c>CapacityLimiter</c>.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>It knows who has borrowed: a borrower that asks for a second token, or gives back one that it
/// does not have, has a bug, and gets an exception that says so.</item>
/// <item>First come, first served: a token that comes back, or is added, goes to the first waiter at once. A
/// cancelled waiter leaves the line; one that was given its token has it.</item>
/// <item>Lowering <see cref="TotalTokens"/> takes nothing from borrowers: <see cref="AvailableTokens"/> is negative until enough have come back.</item>
/// </list>
/// <para>It bounds what a loop hands to executors: <see cref="Loop.RunInExecutor{T}(IExecutor?, Func{T}, CapacityLimiter?)"/> borrows a token for each piece of
/// work. Executors, which are used from any thread, have bounds of their own.</para>
/// <para><b>Thread:</b> that of the loop that uses it. <b>Cost:</b> 0 bytes in the steady state.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class CapacityLimiter
{
    internal readonly TokenWait OwnWait;       // for the one call at a time that is the rule
    internal WaiterQueue Waiters;
    internal LoopBinding Binding;

    private LoanLedger loans;
    private int lent;
    private int total;

    /// <summary>A limiter.</summary>
    /// <param name="totalTokens">How many may be lent at once; 0 lends none until it is raised.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="totalTokens"/> is negative.</exception>
    public CapacityLimiter(int totalTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(totalTokens);
        total = totalTokens;
        OwnWait = new TokenWait(this);
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
            Binding.Verify("CapacityLimiter.TotalTokens");
            total = value;
            ServeWaiters();
        }
    }

    /// <summary>How many are lent now.</summary>
    public int BorrowedTokens => lent;

    /// <summary>How many may be borrowed now; negative when the total was lowered below what is lent.</summary>
    public int AvailableTokens => total - lent;

    /// <summary>Who has borrowed: tasks, or what was given to <see cref="AcquireOnBehalfOfAsync"/>. A snapshot.</summary>
    public IReadOnlyCollection<object> Borrowers => loans.Borrowers();

    /// <summary>Who waits for a token.</summary>
    public SynchronizationStatistics Statistics
    {
        get
        {
            Binding.Verify("CapacityLimiter.Statistics");
            return new(Waiters.Count, Waiters.Tasks);
        }
    }

    private string DebuggerText => $"{lent} of {total} lent, {Waiters.Count} waiting";

    /// <summary>Waits for a token for the task that awaits this.</summary>
    /// <returns>What gives it back: dispose it, or call <see cref="Release"/>.</returns>
    /// <remarks><b>Cancellation:</b> a waiter leaves the line; what it was given already is delivered.
    /// Nothing is borrowed before the await. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="InvalidOperationException">The task has a token or waits for one already, or no task runs here.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had its token.</exception>
    public Coroutine<Releaser> AcquireAsync() => Acquire(null, "CapacityLimiter.AcquireAsync");

    /// <summary>Waits for a token for <paramref name="borrower"/>, whatever it is. Trio: <c>acquire_on_behalf_of</c>.</summary>
    /// <param name="borrower">Compared by <see cref="object.Equals(object)"/>.</param>
    /// <inheritdoc cref="AcquireAsync" path="/returns|/remarks"/>
    /// <exception cref="ArgumentNullException"><paramref name="borrower"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The borrower has a token or waits for one already.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had its token.</exception>
    public Coroutine<Releaser> AcquireOnBehalfOfAsync(object borrower)
    {
        ArgumentNullException.ThrowIfNull(borrower);
        return Acquire(borrower, "CapacityLimiter.AcquireOnBehalfOfAsync");
    }

    /// <summary>Borrows a token for the running task if one is free; never waits, never overtakes a waiter.</summary>
    /// <returns>Whether one was free.</returns>
    /// <exception cref="InvalidOperationException">The task has a token already, no task runs here, or this is not the loop's thread.</exception>
    public bool TryAcquire() => TryAcquire(out _);

    /// <inheritdoc cref="TryAcquire()"/>
    /// <param name="releaser">What gives it back.</param>
    public bool TryAcquire(out Releaser releaser)
    {
        Binding.Verify("CapacityLimiter.TryAcquire");
        var task = CurrentBorrower("CapacityLimiter.TryAcquire");
        return TryAcquire(task, task.Id, out releaser);
    }

    /// <summary>Borrows a token for <paramref name="borrower"/> if one is free; never waits, never overtakes a waiter.</summary>
    /// <param name="borrower">Compared by <see cref="object.Equals(object)"/>.</param>
    /// <param name="releaser">What gives it back.</param>
    /// <returns>Whether one was free.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="borrower"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The borrower has a token or waits for one already, or this is not the loop's thread.</exception>
    public bool TryAcquireOnBehalfOf(object borrower, out Releaser releaser)
    {
        ArgumentNullException.ThrowIfNull(borrower);
        Binding.Verify("CapacityLimiter.TryAcquire");
        return TryAcquire(borrower, LoanLedger.HashOf(borrower), out releaser);
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
        Binding.Verify("CapacityLimiter.Release");
        if (loans.Find(borrower, LoanLedger.HashOf(borrower)) is not { IsWaiting: false } loan)
        {
            throw new InvalidOperationException($"{Name(borrower)} has borrowed no token of this limiter, so it has none to give back.");
        }

        TakeBack(loan);
    }

    private Coroutine<Releaser> Acquire(object? borrower, string member)
    {
        var made = TokenWait.Call(this, borrower);
        return OperationWatch.IsOn ? OperationWatch.Over(made, member) : made;
    }

    /// <summary>Whose step this is.</summary>
    internal static LoopTask CurrentBorrower(LoopCore core, string member)
    {
        var task = core.CurrentTask;
        if (task is null)
        {
            Throw.NoCurrentTask(member);
        }

        return task;
    }

    private LoopTask CurrentBorrower(string member) => CurrentBorrower(Binding.Home ?? LoopCore.Required, member);

    private static string Name(object borrower) => borrower is LoopTask task ? $"The {task.Label}" : $"The borrower '{borrower}'";

    /// <summary>Why this borrower may not borrow now.</summary>
    internal InvalidOperationException? RefusalFor(object borrower, int hash) => loans.Find(borrower, hash) is not { } loan ? null
        : new($"{Name(borrower)} {(loan.IsWaiting ? "waits for" : "has borrowed")} a token of this limiter already, and a borrower has at most one.");

    private bool TryAcquire(object borrower, int hash, out Releaser releaser)
    {
        if (RefusalFor(borrower, hash) is { } refusal)
        {
            throw refusal;
        }

        bool taken = lent < total;
        releaser = taken ? Lend(borrower, hash) : default;
        return taken;
    }

    internal bool HasToken => lent < total;

    /// <summary>To a borrower that has none and waits for none.</summary>
    internal Releaser Lend(object borrower, int hash)
    {
        lent++;
        var loan = loans.Add(this, borrower, hash);
        return new Releaser(loan, loan.Ticket);
    }

    /// <summary>A place in the books for one that has to wait.</summary>
    internal Loan Reserve(object borrower, int hash)
    {
        var loan = loans.Add(this, borrower, hash);
        loan.IsWaiting = true;
        return loan;
    }

    internal void Withdraw(Loan waiting) => loans.Remove(waiting);

    internal void TakeBack(Loan loan)
    {
        lent--;
        loans.Remove(loan);
        if (!Waiters.IsEmpty)
        {
            ServeWaiters();
        }
    }

    /// <summary>The tasks that have borrowed, for whoever waits. Any thread.</summary>
    internal void CollectBorrowers(List<IStepOwner> tasks) => loans.CollectTasks(tasks);

    private void ServeWaiters()
    {
        while (lent < total && Waiters.TakeFirst() is { } waiter)
        {
            lent++;
            ((TokenWait)waiter.Target!).Grant();
            waiter.Wake();
        }
    }
}
