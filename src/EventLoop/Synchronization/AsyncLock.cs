using System.Diagnostics;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>Mutual exclusion among the tasks of a loop: <c>using (await mutex.AcquireAsync()) { ... }</c>. asyncio: <c>Lock</c>.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>First come, first served: <see cref="Release"/> gives the lock to the first waiter at once, so a newcomer never overtakes it, whoever runs
/// first.</item>
/// <item>A cancelled waiter leaves the line. One that has been given the lock keeps it, even if it is cancelled before it runs; the cancellation is delivered
/// at its next wait.</item>
/// <item>It is not reentrant: a task that acquires it twice waits for itself, as in asyncio. <see cref="Statistics"/> names the owner.</item>
/// <item>Anybody may release it, not only the owner.</item>
/// <item>It can serve one loop after another. When a task of a closed loop still holds it, the next acquirer is refused with an exception that names the
/// holder; <see cref="Release"/> frees it.</item>
/// </list>
/// <para><b>Thread:</b> that of the loop that uses it; from other threads through <see cref="Loop.Post(Action)"/>. It may be made anywhere.</para>
/// <para><b>Cost:</b> 0 bytes, uncontended and contended.</para>
/// </remarks>
/// <example>
/// <code>
/// var mutex = new AsyncLock();
/// using (await mutex.AcquireAsync())
/// {
///     await Loop.Sleep(10);      // nobody else is in here meanwhile
/// }
/// </code>
/// </example>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class AsyncLock : IReleasable
{
    private readonly AcquireWait own;
    private WaiterQueue waiters;
    private LoopBinding binding;
    private LoopContext? owner;     // of the code that holds it; null also for code outside any step
    private long ticket;             // of the acquisition that holds it
    private long issued;
    private bool locked;

    /// <summary>Makes a lock that is not held.</summary>
    public AsyncLock() => own = new AcquireWait(this);

    /// <summary>Whether somebody holds it.</summary>
    public bool IsLocked => locked;

    /// <summary>Who holds it and who waits for it at this moment.</summary>
    public SynchronizationStatistics Statistics
    {
        get
        {
            binding.Verify("AsyncLock.Statistics");
            var waiting = waiters.Tasks;
            return new(waiters.Count, waiting, Owner);
        }
    }

    internal LoopTask? Owner => owner?.Task;

    private string DebuggerText => locked ? $"locked by {Owner?.Label ?? "a callback"}, {waiters.Count} waiting" : "unlocked";

    /// <summary>Waits for the lock.</summary>
    /// <returns>What returns the permit: dispose it, or call <see cref="Release"/>.</returns>
    /// <remarks><b>Cancellation:</b> a cancelled waiter leaves the line; what it was given already is delivered. Nothing is acquired before the await.
    /// <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had the lock.</exception>
    public Coroutine<Releaser> AcquireAsync()
    {
        var made = AcquireWait.Call(this);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "AsyncLock.AcquireAsync") : made;
    }

    /// <summary>Takes the lock if it is free; never waits, never overtakes a waiter.</summary>
    /// <returns>Whether it was free.</returns>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public bool TryAcquire()
    {
        binding.Verify("AsyncLock.TryAcquire");
        return TryTake(binding.Current);
    }

    /// <inheritdoc cref="TryAcquire()"/>
    /// <param name="releaser">What returns the permit.</param>
    public bool TryAcquire(out Releaser releaser)
    {
        bool taken = TryAcquire();
        releaser = taken ? new Releaser(this, ticket) : default;
        return taken;
    }

    /// <summary>Gives the lock to the first waiter, or frees it.</summary>
    /// <exception cref="InvalidOperationException">It is not held, or this is not the loop's thread.</exception>
    public void Release()
    {
        binding.Verify("AsyncLock.Release");
        if (!locked)
        {
            Throw.NotLocked("lock");
        }

        if (waiters.TakeFirst() is { } first)
        {
            // A waiter that comes back from a condition continues its previous acquisition.
            ticket = first.Target is AcquireWait wait ? wait.Ticket = ++issued : ((NotificationWait)first.Target!).Ticket;
            first.Wake();
            owner = first.Context;      // at once, so that nobody sees it wait for a lock that it holds
        }
        else
        {
            locked = false;
            owner = null;
        }
    }

    void IReleasable.Release(long given)
    {
        binding.Verify("Releaser.Dispose");
        if (locked && given == ticket)
        {
            Release();
        }
    }

    /// <inheritdoc cref="VerifyLoop(LoopCore, string)"/>
    internal void VerifyLoop(string member) => binding.Verify(member);

    /// <summary>Throws if it belongs to another loop.</summary>
    internal void VerifyLoop(LoopCore running, string member) => binding.Verify(running, member);

    /// <summary>Throws if the holder was on a loop that is closed, and so will never release the lock.</summary>
    internal void VerifyHolder()
    {
        if (owner is { Core.Loop: { IsClosed: true } loop, Task: var task })
        {
            Throw.HeldByTheDead(task?.Label ?? "a callback", loop.Name);
        }
    }

    private bool TryTake(LoopContext? context)
    {
        if (locked)
        {
            VerifyHolder();
            return false;
        }

        ticket = ++issued;
        owner = context;
        locked = true;
        return true;
    }

    // ---- For the condition, whose waiters come back for the lock

    internal long Ticket => ticket;

    /// <summary>Resumes an acquisition that a wait has interrupted.</summary>
    internal bool TryRetake(LoopContext? context, long interrupted)
    {
        if (locked)
        {
            return false;
        }

        ticket = interrupted;
        owner = context;
        locked = true;
        return true;
    }

    /// <summary>Puts a parked node at the end of the line.</summary>
    internal void Enqueue(WaitNode node) => waiters.Add(node);

    internal void Dequeue(WaitNode node) => waiters.Remove(node);

    [StackTraceHidden]
    private sealed class AcquireWait(AsyncLock? owner) : PooledWait, ICoroutineSource<Releaser>
    {
        private static readonly int Slot = ItemPools.NewSlot();

        private AsyncLock? mutex = owner;      // the one that keeps it for itself; null: it is rented

        internal long Ticket;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static Coroutine<Releaser> Call(AsyncLock mutex)
        {
            var own = mutex.own;
            return own.TryClaim(out long token) ? new(own, token) : CallAnother(mutex);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Coroutine<Releaser> CallAnother(AsyncLock mutex)
        {
            var wait = FindFree(mutex.own, mutex.binding, Slot) ?? new(null);
            wait.mutex = mutex;
            wait.Begin();
            return new(wait, wait.Token);
        }

        public override bool Start(long token) =>
            TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

        private bool TryComplete(LoopCore core)
        {
            mutex!.binding.Verify(core, "AsyncLock.AcquireAsync");
            if (!mutex.TryTake(core.Current))
            {
                return false;
            }

            Ticket = mutex.ticket;
            return true;
        }

        public Releaser EndWithResult(long token)
        {
            var core = Finish(token);
            var releaser = new Releaser(mutex!, Ticket);
            Recycle(core);
            LoopCore.ThrowIfInterrupted();
            return releaser;
        }

        private protected override void Verify(LoopCore running) => mutex?.binding.Verify(running, "AsyncLock.AcquireAsync");

        protected override void Enqueue(WaitNode awaiting) => mutex!.waiters.Add(awaiting);

        public override AbortResult Abort(WaitNode node, string? reason)
        {
            mutex!.waiters.Remove(node);
            return AbortResult.GivenUp;
        }

        protected override void Recycle(LoopCore core)
        {
            if (!ReferenceEquals(this, mutex!.own))
            {
                mutex = null;
                core.Pools.Return(this, Slot);
            }
        }

        public override void CollectBlockers(WaitNode node, List<IStepOwner> blockers)
        {
            if (mutex?.Owner is { IsCompleted: false } owner)
            {
                blockers.Add(owner);
            }
        }

        public override string Describe(WaitNode node) =>
            $"{ResourceNames.Label("lock", mutex)}{(mutex?.Owner is { } owner ? $" (held by {owner.Label})" : "")}";

        public override WaitKind Kind => WaitKind.Lock;

        public override object? Resource => mutex;

        public override string? Gist => "lock";
    }
}
