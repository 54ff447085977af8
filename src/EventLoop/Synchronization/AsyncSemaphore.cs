using System.Diagnostics;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>Hands out a number of permits. asyncio: <c>Semaphore</c>.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>First come, first served: <see cref="Release"/> gives its permits to the first waiters at once, so newcomers never overtake them.</item>
/// <item>A cancelled waiter leaves the line. One that has been given its permit keeps it, even if it is cancelled before it runs; the cancellation is
/// delivered at its next wait.</item>
/// <item>Releasing more than was acquired adds permits; <see cref="AsyncBoundedSemaphore"/> throws instead.</item>
/// <item>Return a permit by its <see cref="Releaser"/> or by <see cref="Release"/>, not by both: permits are anonymous, and only for the latest few grants of
/// about sixteen tasks is it known which releasers a task's own Release has used up.</item>
/// </list>
/// <para><b>Thread:</b> that of the loop that uses it; from other threads by <c>loop.Post(() => semaphore.Release())</c>. It may be made anywhere.</para>
/// <para><b>Cost:</b> 0 bytes, uncontended and contended, where the acquirer also releases. A permit that is acquired with a <see cref="Releaser"/> and
/// returned by another task's <see cref="Release"/> costs 48 bytes; <see cref="TryAcquire()"/> never does.</para>
/// </remarks>
/// <example>
/// <code>
/// var atMostThree = new AsyncSemaphore(3);
/// await Loop.Gather(Enumerable.Range(0, 10).Select(async Coroutine (number) =&gt;
/// {
///     using (await atMostThree.AcquireAsync())
///     {
///         await Loop.Sleep(10 * number);
///     }
/// }));
/// </code>
/// </example>
[DebuggerDisplay("{DebuggerText,nq}")]
public class AsyncSemaphore
{
    private readonly AcquireWait own;
    private WaiterQueue waiters;
    private LoopBinding binding;
    private GrantLedger grants;
    private int count;
    private bool byReleaser;

    /// <summary>Makes a semaphore.</summary>
    /// <param name="initialCount">How many permits are free initially.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="initialCount"/> is negative.</exception>
    public AsyncSemaphore(int initialCount = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(initialCount);
        count = initialCount;
        own = new AcquireWait(this);
    }

    /// <summary>How many permits are free; none while somebody waits.</summary>
    public int CurrentCount => count;

    /// <summary>Whether an acquirer would have to wait.</summary>
    public bool IsLocked => count == 0;

    /// <summary>Who waits for a permit at this moment.</summary>
    public SynchronizationStatistics Statistics
    {
        get
        {
            binding.Verify("AsyncSemaphore.Statistics");
            return new(waiters.Count, waiters.Tasks);
        }
    }

    private string DebuggerText => $"{count} free, {waiters.Count} waiting";

    /// <summary>Waits for a permit.</summary>
    /// <returns>What returns the permit: dispose it, or call <see cref="Release"/>.</returns>
    /// <remarks><b>Cancellation:</b> a cancelled waiter leaves the line; what it was given already is delivered. Nothing is acquired before the await.
    /// <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had its permit.</exception>
    public Coroutine<Releaser> AcquireAsync()
    {
        var made = AcquireWait.Call(this);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "AsyncSemaphore.AcquireAsync") : made;
    }

    /// <summary>Takes a permit if one is free; never waits, never overtakes a waiter.</summary>
    /// <returns>Whether one was free.</returns>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public bool TryAcquire() => TryAcquire(out _);      // the task's own Release uses that up, and not the releaser of a permit that it had before

    /// <inheritdoc cref="TryAcquire()"/>
    /// <param name="releaser">What returns the permit.</param>
    public bool TryAcquire(out Releaser releaser)
    {
        binding.Verify("AsyncSemaphore.TryAcquire");
        releaser = default;
        if (count == 0)
        {
            return false;
        }

        count--;
        releaser = grants.Issue(this, binding.Current?.Task);
        return true;
    }

    /// <summary>Returns permits: to the first waiters, and the rest to later callers.</summary>
    /// <param name="count">How many permits.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is less than one.</exception>
    /// <exception cref="InvalidOperationException">There would be more permits than can be counted, or this is not the loop's thread. Nothing is
    /// changed.</exception>
    public virtual void Release(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        binding.Verify("AsyncSemaphore.Release");
        if (count > int.MaxValue - this.count)
        {
            throw new InvalidOperationException($"A semaphore holds at most {int.MaxValue} permits.");
        }

        if (!byReleaser)
        {
            grants.Withdraw(binding.Current?.Task, count);
        }

        for (; count > 0 && waiters.TakeFirst() is { } waiter; count--)
        {
            waiter.Wake();
        }

        this.count += count;
    }

    /// <summary>Returns the permit of a releaser that has not been used.</summary>
    internal void ReleaseGranted(SemaphoreGrant grant)
    {
        grants.Remove(grant);
        byReleaser = true;
        try
        {
            Release();
        }
        finally
        {
            byReleaser = false;
        }
    }

    internal void VerifyRelease() => binding.Verify("Releaser.Dispose");

    [StackTraceHidden]
    private sealed class AcquireWait(AsyncSemaphore? owner) : PooledWait, ICoroutineSource<Releaser>
    {
        private static readonly int Slot = ItemPools.NewSlot();

        private AsyncSemaphore? semaphore = owner;      // the one that keeps it for itself; null: it is rented

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static Coroutine<Releaser> Call(AsyncSemaphore semaphore)
        {
            var own = semaphore.own;
            return own.TryClaim(out long token) ? new(own, token) : CallAnother(semaphore);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Coroutine<Releaser> CallAnother(AsyncSemaphore semaphore)
        {
            var wait = FindFree(semaphore.own, semaphore.binding, Slot) ?? new(null);
            wait.semaphore = semaphore;
            wait.Begin();
            return new(wait, wait.Token);
        }

        public override bool Start(long token) =>
            TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

        private bool TryComplete(LoopCore core)
        {
            semaphore!.binding.Verify(core, "AsyncSemaphore.AcquireAsync");
            if (semaphore.count == 0)
            {
                return false;
            }

            semaphore.count--;
            return true;
        }

        public Releaser EndWithResult(long token)
        {
            var core = Finish(token);
            var from = semaphore!;
            Recycle(core);
            LoopCore.ThrowIfInterrupted();
            return from.grants.Issue(from, core.CurrentTask);
        }

        private protected override void Verify(LoopCore running) => semaphore?.binding.Verify(running, "AsyncSemaphore.AcquireAsync");

        protected override void Enqueue(WaitNode awaiting) => semaphore!.waiters.Add(awaiting);

        public override AbortResult Abort(WaitNode node, string? reason)
        {
            semaphore!.waiters.Remove(node);
            return AbortResult.GivenUp;
        }

        protected override void Recycle(LoopCore core)
        {
            if (!ReferenceEquals(this, semaphore!.own))
            {
                semaphore = null;
                core.Pools.Return(this, Slot);
            }
        }

        public override string Describe(WaitNode node) => ResourceNames.Label("semaphore", semaphore);

        public override WaitKind Kind => WaitKind.Semaphore;

        public override object? Resource => semaphore;
    }
}
