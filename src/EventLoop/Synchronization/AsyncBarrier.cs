using System.Diagnostics;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>Holds tasks until a given number of them has arrived, round after round. asyncio: <c>Barrier</c>.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>The last to arrive releases all at once and does not wait; whoever arrives after it belongs to the next round.</item>
/// <item>A cancelled waiter leaves, and the barrier continues to fill. One that was released before returns its index, and the cancellation is delivered at
/// its next wait.</item>
/// <item><see cref="Reset"/> and <see cref="Abort"/> break it for those who are waiting, not for those who were released already.</item>
/// </list>
/// <para><b>Thread:</b> that of the loop that uses it. <b>Cost:</b> 0 bytes; a release is linear in the number of parties.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class AsyncBarrier
{
    private WaiterQueue waiters;
    private LoopBinding binding;
    private int waiting;

    /// <summary>Makes a barrier.</summary>
    /// <param name="parties">How many tasks it waits for.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parties"/> is less than one.</exception>
    public AsyncBarrier(int parties)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parties, 1);
        Parties = parties;
    }

    /// <summary>How many tasks it waits for.</summary>
    public int Parties { get; }

    /// <summary>How many are waiting. asyncio: <c>n_waiting</c>.</summary>
    public int WaitingCount => waiting;

    /// <summary>Whether it was aborted, so that arrivals are refused until <see cref="Reset"/>.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Who waits for the others at this moment.</summary>
    public SynchronizationStatistics Statistics
    {
        get
        {
            binding.Verify("AsyncBarrier.Statistics");
            return new(waiting, waiters.Tasks);
        }
    }

    private string DebuggerText => IsBroken ? "broken" : $"{waiting} of {Parties} waiting";

    /// <summary>Waits until all parties have arrived.</summary>
    /// <returns>0 … parties-1, distinct among those released together, in the order of their arrival.</returns>
    /// <remarks><b>Cancellation:</b> a cancelled waiter leaves, and the barrier continues to fill. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="BrokenBarrierException">The barrier is broken, or was reset or aborted during the wait.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before the barrier was full.</exception>
    public Coroutine<int> WaitAsync()
    {
        var wait = PartyWait.Rent(this);
        return OperationWatch.IsOn ? OperationWatch.Over(new Coroutine<int>(wait, wait.Token), "AsyncBarrier.WaitAsync") : new(wait, wait.Token);
    }

    /// <summary>Breaks it for those who are waiting, and repairs it for those who arrive later. asyncio: <c>reset()</c>.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public void Reset()
    {
        binding.Verify("AsyncBarrier.Reset");
        IsBroken = false;
        TurnAway("The barrier was reset.");
    }

    /// <summary>Breaks it for those who are waiting and for all later arrivals, until <see cref="Reset"/>. asyncio: <c>abort()</c>.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public void Abort()
    {
        binding.Verify("AsyncBarrier.Abort");
        IsBroken = true;
        TurnAway("The barrier was aborted.");
    }

    private void TurnAway(string why)
    {
        waiting = 0;
        while (waiters.TakeFirst() is { } waiter)
        {
            waiter.WakeWith(new BrokenBarrierException(why));
        }
    }

    private void ReleaseAll()
    {
        for (int index = 0; waiters.TakeFirst() is { } waiter; index++)
        {
            ((PartyWait)waiter.Target!).Result = index;
            waiter.Wake();
        }

        waiting = 0;
    }

    [StackTraceHidden]
    private sealed class PartyWait : PooledWait<int>
    {
        private static readonly int Slot = ItemPools.NewSlot();

        private AsyncBarrier? barrier;

        internal static PartyWait Rent(AsyncBarrier barrier)
        {
            var wait = TryRent<PartyWait>(barrier.binding, Slot) ?? new PartyWait();
            wait.Begin();
            wait.barrier = barrier;
            return wait;
        }

        public override bool Start(long token) =>
            TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

        private bool TryComplete(LoopCore core)
        {
            barrier!.binding.Verify(core, "AsyncBarrier.WaitAsync");
            if (barrier.IsBroken)
            {
                core.PendingThrow = new BrokenBarrierException("The barrier is broken.");
                return true;
            }

            if (barrier.waiting + 1 < barrier.Parties)
            {
                return false;
            }

            Result = barrier.waiting;
            barrier.ReleaseAll();
            return true;
        }

        private protected override void Verify(LoopCore running) => barrier?.binding.Verify(running, "AsyncBarrier.WaitAsync");

        protected override void Enqueue(WaitNode awaiting)
        {
            barrier!.waiting++;
            barrier.waiters.Add(awaiting);
        }

        public override AbortResult Abort(WaitNode node, string? reason)
        {
            barrier!.waiting--;
            barrier.waiters.Remove(node);
            return AbortResult.GivenUp;
        }

        protected override void Recycle(LoopCore core)
        {
            barrier = null;
            core.Pools.Return(this, Slot);
        }

        public override string Describe(WaitNode node) => $"{ResourceNames.Label("barrier", barrier)} ({barrier?.waiting} of {barrier?.Parties})";

        public override WaitKind Kind => WaitKind.Barrier;

        public override object? Resource => barrier;

        public override string? Gist => "barrier";
    }
}
