using System.Diagnostics;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>Lends tokens to tasks, at most one each, from a total that can be changed while it is in use. Trio: <c>CapacityLimiter</c>.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>It knows its borrowers: one that asks for a second token, or returns one that it does not have, has a bug, and gets an exception that says so.</item>
/// <item>First come, first served: a token that is returned, or added, goes to the first waiter at once. A cancelled waiter leaves the line; one that was
/// given its token keeps it.</item>
/// <item>Lowering <see cref="TotalTokens"/> takes nothing from borrowers: <see cref="AvailableTokens"/> is negative until enough tokens have been
/// returned.</item>
/// </list>
/// <para>It bounds what a loop hands to executors: <see cref="Loop.RunInExecutor{T}(IExecutor?, Func{T}, CapacityLimiter?)"/> borrows a token for each work
/// item. Executors, which are used from any thread, have bounds of their own.</para>
/// <para><b>Thread:</b> that of the loop that uses it. <b>Cost:</b> 0 bytes in the steady state.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class CapacityLimiter : ICounted
{
    internal readonly TokenWait OwnWait;       // for one call at a time, the usual case
    internal CountedWaiters Waiters;
    internal LoopBinding Binding;

    private LoanLedger loans;
    private int lent;
    private int total;

    /// <summary>Makes a limiter.</summary>
    /// <param name="totalTokens">How many tokens may be lent at the same time; 0 lends none until it is raised.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="totalTokens"/> is negative.</exception>
    public CapacityLimiter(int totalTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(totalTokens);
        total = totalTokens;
        OwnWait = new TokenWait(this);
    }

    /// <summary>How many tokens may be lent at the same time. Raising it serves the first waiters at once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Set to a negative value.</exception>
    /// <exception cref="InvalidOperationException">Set from a thread other than the loop's.</exception>
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

    /// <summary>How many tokens are lent.</summary>
    public int BorrowedTokens => lent;

    /// <summary>The most that have been lent at once.</summary>
    public int PeakBorrowedTokens { get; private set; }

    /// <summary>The most that have waited for a token at once.</summary>
    public int PeakWaiting => Waiters.Peak;

    /// <summary>How many tokens may be borrowed; negative when the total was lowered below what is lent.</summary>
    public int AvailableTokens => total - lent;

    /// <summary>A snapshot of the borrowers: tasks, or what was given to <see cref="AcquireOnBehalfOfAsync"/>.</summary>
    public IReadOnlyCollection<object> Borrowers => loans.Borrowers();

    /// <summary>Who waits for a token at this moment.</summary>
    public SynchronizationStatistics Statistics
    {
        get
        {
            Binding.Verify("CapacityLimiter.Statistics");
            return new(Waiters.Count, Waiters.Tasks);
        }
    }

    Diagnostics.WaitKind ICounted.Kind => Diagnostics.WaitKind.Limiter;

    LoopCore? ICounted.UsedBy => Binding.Home;

    ResourceFigures ICounted.Figures => new(lent, total, PeakBorrowedTokens, Waiters.Count, Waiters.Peak);

    private string DebuggerText => $"{lent} of {total} lent, {Waiters.Count} waiting";

    /// <summary>Waits for a token for the awaiting task.</summary>
    /// <returns>What returns the permit: dispose it, or call <see cref="Release"/>.</returns>
    /// <remarks><b>Cancellation:</b> a cancelled waiter leaves the line; what it was given already is delivered. Nothing is borrowed before the await.
    /// <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="InvalidOperationException">The task has a token or waits for one already, or no task is running here.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had its token.</exception>
    public Coroutine<Releaser> AcquireAsync() => Acquire(null, "CapacityLimiter.AcquireAsync");

    /// <summary>Waits for a token for <paramref name="borrower"/>, which may be any object. Trio: <c>acquire_on_behalf_of</c>.</summary>
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
    /// <exception cref="InvalidOperationException">The task has a token already, no task is running here, or this is not the loop's thread.</exception>
    public bool TryAcquire() => TryAcquire(out _);

    /// <inheritdoc cref="TryAcquire()"/>
    /// <param name="releaser">What returns the permit.</param>
    public bool TryAcquire(out Releaser releaser)
    {
        Binding.Verify("CapacityLimiter.TryAcquire");
        var task = CurrentBorrower("CapacityLimiter.TryAcquire");
        return TryAcquire(task, task.Id, out releaser);
    }

    /// <summary>Borrows a token for <paramref name="borrower"/> if one is free; never waits, never overtakes a waiter.</summary>
    /// <param name="borrower">Compared by <see cref="object.Equals(object)"/>.</param>
    /// <param name="releaser">What returns the permit.</param>
    /// <returns>Whether one was free.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="borrower"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The borrower has a token or waits for one already, or this is not the loop's thread.</exception>
    public bool TryAcquireOnBehalfOf(object borrower, out Releaser releaser)
    {
        ArgumentNullException.ThrowIfNull(borrower);
        Binding.Verify("CapacityLimiter.TryAcquire");
        return TryAcquire(borrower, LoanLedger.HashOf(borrower), out releaser);
    }

    /// <summary>Returns the running task's token.</summary>
    /// <exception cref="InvalidOperationException">The task has none, no task is running here, or this is not the loop's thread.</exception>
    public void Release() => ReleaseOnBehalfOf(CurrentBorrower("CapacityLimiter.Release"));

    /// <summary>Returns the token that was borrowed for <paramref name="borrower"/>. Trio: <c>release_on_behalf_of</c>.</summary>
    /// <param name="borrower">Compared by <see cref="object.Equals(object)"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="borrower"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The borrower has none, or this is not the loop's thread.</exception>
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

    /// <summary>The task whose step is running.</summary>
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

    /// <summary>Why this borrower may not borrow; null if it may.</summary>
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

    /// <summary>Lends to a borrower that has none and waits for none.</summary>
    internal Releaser Lend(object borrower, int hash)
    {
        CountLoan();
        var loan = loans.Add(this, borrower, hash);
        return new Releaser(loan, loan.Ticket);
    }

    private void CountLoan()
    {
        if (++lent > PeakBorrowedTokens)
        {
            PeakBorrowedTokens = lent;
        }
    }

    /// <summary>Makes an entry for a borrower that has to wait.</summary>
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

    /// <summary>Takes back what was lent to a borrower of a loop that is being closed, on whichever thread does that.</summary>
    internal void TakeBackFrom(object borrower, LoopCore closing)
    {
        bool isElsewhere = Binding.Home is { } home && !ReferenceEquals(home, closing)
            && home.TryPost(CallbackItem<(CapacityLimiter Limiter, object Borrower)>.Create(
                static loan => loan.Limiter.TakeBackFrom(loan.Borrower), (this, borrower), home.BaseContext));
        if (!isElsewhere)
        {
            TakeBackFrom(borrower);
        }
    }

    private void TakeBackFrom(object borrower)
    {
        if (loans.Find(borrower, LoanLedger.HashOf(borrower)) is { IsWaiting: false } loan)
        {
            TakeBack(loan);
        }
    }

    /// <summary>Collects the tasks that have borrowed, as those that a waiter waits for. Any thread.</summary>
    internal void CollectBorrowers(List<IStepOwner> tasks) => loans.CollectTasks(tasks);

    private void ServeWaiters()
    {
        while (lent < total && Waiters.TakeFirst() is { } waiter)
        {
            CountLoan();
            ((TokenWait)waiter.Target!).Grant();
            waiter.Wake();
        }
    }
}
