using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>Hands items from tasks to tasks, first in, first out. asyncio: <c>Queue</c>.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <remarks>
/// <list type="bullet">
/// <item>First come, first served, on both sides: a put gives its item to the first getter at once, a get takes in the item of the first putter at once. Nobody overtakes, the Try forms included.</item>
/// <item>What was handed over is final: it is delivered even if the getter is cancelled before it runs, and a put that was taken in has succeeded, also across <see cref="Shutdown"/>. The cancellation lands at the next wait.</item>
/// <item>A cancelled getter takes no item with it; the item of a cancelled putter is not put.</item>
/// <item><see cref="Shutdown"/> wakes everybody who cannot be served any more, exactly once.</item>
/// </list>
/// <para><b>Thread:</b> that of the loop that uses it; from others <c>loop.Post(() => queue.TryPut(item))</c>, or <see cref="AsyncBridge"/>. It may be made anywhere.</para>
/// <para><b>Cost:</b> 0 bytes in the steady state, waiting or not.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerText,nq}")]
public class AsyncQueue<T> : IAsyncEnumerable<T>
{
    private readonly ItemStore<T> store;
    private readonly JoinSource join;
    private readonly GetWait ownGet;       // the first get and the first put at a time need no pool
    private readonly PutWait ownPut;
    private WaiterQueue getters;       // only while the store is empty
    private WaiterQueue putters;       // only while the store is full
    private WaiterQueue joiners;
    private LoopBinding binding;
    private int unfinished;

    /// <summary>A queue.</summary>
    /// <param name="capacity">How many items it holds before putters wait; 0: without limit.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    public AsyncQueue(int capacity = 0) : this(capacity, new FirstInStore<T>())
    {
    }

    private protected AsyncQueue(int capacity, ItemStore<T> store)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        Capacity = capacity;
        this.store = store;
        join = new JoinSource(this);
        ownGet = new GetWait { Queue = this, IsFree = true };
        ownPut = new PutWait { Queue = this, IsFree = true };
    }

    /// <summary>Items in it. asyncio: <c>qsize()</c>.</summary>
    public int Count => store.Count;

    /// <summary>As it was made; 0: without limit. asyncio: <c>maxsize</c>.</summary>
    public int Capacity { get; }

    /// <summary>There is nothing in it.</summary>
    public bool IsEmpty => store.Count == 0;

    /// <summary>Putters have to wait; never true of one without limit.</summary>
    public bool IsFull => Capacity > 0 && store.Count >= Capacity;

    /// <summary><see cref="Shutdown"/> was called.</summary>
    public bool IsShutDown { get; private set; }

    /// <summary>What it holds and who waits.</summary>
    public QueueStatistics Statistics
    {
        get
        {
            binding.Verify("AsyncQueue.Statistics");
            return new(Count, Capacity, unfinished, getters.Tasks, putters.Tasks, joiners.Tasks);
        }
    }

    private string DebuggerText =>
        $"{Count}{(Capacity > 0 ? $" of {Capacity}" : "")} items, {getters.Count} getters, {putters.Count} putters{(IsShutDown ? ", shut down" : "")}";

    /// <summary>Waits for an item.</summary>
    /// <returns>The next item.</returns>
    /// <remarks><b>Cancellation:</b> a getter leaves the line; an item that it was given already is delivered. Nothing is taken before the await. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="QueueShutDownException">The queue is shut down and empty.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had an item.</exception>
    public Coroutine<T> GetAsync()
    {
        var wait = GetWait.Rent(this);
        return new(wait, wait.Token);
    }

    /// <summary>Puts an item, and waits for room first if there is none.</summary>
    /// <param name="item">The item.</param>
    /// <remarks><b>Cancellation:</b> a putter leaves the line and its item is not put; one that was taken in already has succeeded. Nothing is put before the await. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="QueueShutDownException">The queue is shut down.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before its item was put.</exception>
    public Coroutine PutAsync(T item)
    {
        var wait = PutWait.Rent(this, item);
        return new(wait, wait.Token);
    }

    /// <summary>Takes an item if there is one. asyncio: <c>get_nowait()</c>.</summary>
    /// <param name="item">The next item.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="QueueShutDownException">The queue is shut down and empty.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public bool TryGet([MaybeNullWhen(false)] out T item)
    {
        binding.Verify("AsyncQueue.TryGet");
        if (TryTake(out item))
        {
            return true;
        }

        if (IsShutDown)
        {
            throw new QueueShutDownException();
        }

        return false;
    }

    /// <summary>Puts an item if there is room. asyncio: <c>put_nowait()</c>.</summary>
    /// <param name="item">The item.</param>
    /// <returns>Whether there was room.</returns>
    /// <exception cref="QueueShutDownException">The queue is shut down.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public bool TryPut(T item)
    {
        binding.Verify("AsyncQueue.TryPut");
        if (IsShutDown)
        {
            throw new QueueShutDownException();
        }

        return TryHandOver(item);
    }

    /// <summary>One item that was taken has been dealt with.</summary>
    /// <exception cref="InvalidOperationException">Called more often than items were put, or from another thread than the loop's.</exception>
    public void TaskDone()
    {
        binding.Verify("AsyncQueue.TaskDone");
        if (unfinished == 0)
        {
            throw new InvalidOperationException("TaskDone was called more often than items were put into the queue.");
        }

        if (--unfinished == 0)
        {
            WakeJoiners();
        }
    }

    /// <summary>Waits until every item that was put has been taken and reported by <see cref="TaskDone"/>.</summary>
    /// <remarks><b>Cancellation:</b> the waiter leaves. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="LoopCanceledException">The task was cancelled before.</exception>
    public Coroutine JoinAsync() => new(join, 0);

    /// <summary>Takes no more items. Those in it can still be taken; with <paramref name="immediate"/> they are dropped, and count as done.</summary>
    /// <param name="immediate">Drop what is in it.</param>
    /// <remarks>Waiting putters, and getters when nothing is left, get a <see cref="QueueShutDownException"/>; those that were served before do not. Calling it again with <paramref name="immediate"/> drops what is left.</remarks>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void Shutdown(bool immediate = false)
    {
        binding.Verify("AsyncQueue.Shutdown");
        IsShutDown = true;
        if (immediate && store.Count > 0)
        {
            unfinished = Math.Max(0, unfinished - store.Count);
            store.Clear();
            if (unfinished == 0)
            {
                WakeJoiners();
            }
        }

        TurnAway(ref getters);
        TurnAway(ref putters);
    }

    /// <summary>Takes items until the queue is shut down and empty.</summary>
    /// <param name="cancellationToken">Ends the enumeration, also while it waits, with an <see cref="OperationCanceledException"/>.</param>
    /// <remarks><b>Cancellation:</b> as for <see cref="GetAsync"/>. <b>Cost:</b> one object for each enumeration, 0 bytes for each item.</remarks>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => new QueueDrain(this, cancellationToken);

    // The getters wait only while the store is empty, so the first of them is due whatever the order of the store is.
    private bool TryHandOver(T item)
    {
        if (getters.TakeFirst() is { } getter)
        {
            unfinished++;
            ((GetWait)getter.Target!).Result = item;
            getter.Wake();
            return true;
        }

        if (IsFull)
        {
            return false;
        }

        store.Add(item);
        unfinished++;
        return true;
    }

    private bool TryTake([MaybeNullWhen(false)] out T item)
    {
        if (!store.TryTake(out item))
        {
            return false;
        }

        if (putters.TakeFirst() is { } putter)
        {
            store.Add(((PutWait)putter.Target!).Item!);
            unfinished++;
            putter.Wake();
        }

        return true;
    }

    private void WakeJoiners()
    {
        while (joiners.TakeFirst() is { } joiner)
        {
            joiner.Wake();
        }
    }

    private static void TurnAway(ref WaiterQueue line)
    {
        while (line.TakeFirst() is { } waiter)
        {
            waiter.WakeWith(new QueueShutDownException());
        }
    }

    private sealed class GetWait : PooledWait<T>
    {
        private static readonly int Slot = ItemPools.NewSlot();

        internal AsyncQueue<T>? Queue;
        internal bool IsFree;           // only of the queue's own

        internal static GetWait Rent(AsyncQueue<T> queue)
        {
            var wait = queue.ownGet;
            if (wait.IsFree && queue.binding.IsHere)
            {
                wait.IsFree = false;
            }
            else
            {
                wait = LoopCore.Running?.Pools.TryRent<GetWait>(Slot) ?? new GetWait();
                wait.Queue = queue;
            }

            return wait;
        }

        public override bool Start(long token) =>
            TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) && core.SpendBudget();

        private bool TryComplete(LoopCore core)
        {
            Queue!.binding.Verify(core, "AsyncQueue.GetAsync");
            if (Queue.TryTake(out Result))
            {
                return true;
            }

            if (!Queue.IsShutDown)
            {
                return false;
            }

            core.PendingThrow = new QueueShutDownException();
            return true;
        }

        protected override void Enqueue(WaitNode awaiting) => Queue!.getters.Add(awaiting);

        public override AbortResult Abort(WaitNode node, string? reason)
        {
            Queue!.getters.Remove(node);
            return AbortResult.GivenUp;
        }

        protected override void Recycle(LoopCore core)
        {
            Result = default;
            if (ReferenceEquals(this, Queue!.ownGet))
            {
                IsFree = true;
                return;
            }

            Queue = null;
            core.Pools.Return(this, Slot);
        }

        public override string Describe(WaitNode node) => "queue (for an item)";
    }

    private sealed class PutWait : PooledWait
    {
        private static readonly int Slot = ItemPools.NewSlot();

        internal AsyncQueue<T>? Queue;
        internal bool IsFree;           // only of the queue's own

        internal T? Item { get; private set; }

        internal static PutWait Rent(AsyncQueue<T> queue, T item)
        {
            var wait = queue.ownPut;
            if (wait.IsFree && queue.binding.IsHere)
            {
                wait.IsFree = false;
            }
            else
            {
                wait = LoopCore.Running?.Pools.TryRent<PutWait>(Slot) ?? new PutWait();
                wait.Queue = queue;
            }

            wait.Item = item;
            return wait;
        }

        public override bool Start(long token) =>
            TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) && core.SpendBudget();

        private bool TryComplete(LoopCore core)
        {
            Queue!.binding.Verify(core, "AsyncQueue.PutAsync");
            if (!Queue.IsShutDown)
            {
                return Queue.TryHandOver(Item!);
            }

            core.PendingThrow = new QueueShutDownException();
            return true;
        }

        protected override void Enqueue(WaitNode awaiting) => Queue!.putters.Add(awaiting);

        public override AbortResult Abort(WaitNode node, string? reason)
        {
            Queue!.putters.Remove(node);
            return AbortResult.GivenUp;
        }

        protected override void Recycle(LoopCore core)
        {
            Item = default;
            if (ReferenceEquals(this, Queue!.ownPut))
            {
                IsFree = true;
                return;
            }

            Queue = null;
            core.Pools.Return(this, Slot);
        }

        public override string Describe(WaitNode node) => "queue (for room)";
    }

    private sealed class JoinSource(AsyncQueue<T> queue) : WaitSource, IWaitTarget
    {
        protected override bool TryComplete(LoopCore core, long token)
        {
            queue.binding.Verify(core, "AsyncQueue.JoinAsync");
            return queue.unfinished == 0;
        }

        protected override void ParkCore(LoopCore core, long token, WaitNode awaiting)
        {
            queue.joiners.Add(awaiting);
            awaiting.Park(this);
        }

        AbortResult IWaitTarget.Abort(WaitNode node, string? reason)
        {
            queue.joiners.Remove(node);
            return AbortResult.GivenUp;
        }

        string IWaitTarget.Describe(WaitNode node) => $"queue ({queue.unfinished} items to be done)";
    }

    private sealed class QueueDrain(AsyncQueue<T> queue, CancellationToken token) : Drain<T>(token)
    {
        protected override Coroutine<T> Take() => queue.GetAsync();

        protected override bool IsOver => queue.IsShutDown && queue.IsEmpty;

        protected override bool IsEnd(Exception exception) => exception is QueueShutDownException && queue.IsShutDown;
    }
}

/// <summary>The queue takes no more items, or has no more to give. asyncio: <c>QueueShutDown</c>.</summary>
/// <param name="message">For people.</param>
public sealed class QueueShutDownException(string? message = null) : InvalidOperationException(message ?? "The queue is shut down.");
