using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Scheduling;
using EventLoop.Synchronization;
using EventLoop.Synchronization.Queues;

namespace EventLoop;

/// <summary>Passes items between tasks, first in, first out. asyncio: <c>Queue</c>.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <remarks>
/// <list type="bullet">
/// <item>First come, first served, on both sides: a put gives its item to the first getter at once, and a get lets the first putter's item in at once. Nobody
/// overtakes, not even the Try forms.</item>
/// <item>A hand-over is final: the item is delivered even if the getter is cancelled before it runs, and a put whose item was let in has succeeded, even
/// across <see cref="Shutdown"/>. The cancellation is delivered at the next wait.</item>
/// <item>A cancelled getter takes no item; the item of a cancelled putter is not put.</item>
/// <item><see cref="Shutdown"/> wakes every waiter that can no longer be served, exactly once.</item>
/// </list>
/// <para><b>Thread:</b> that of the loop that uses it; from other threads by <c>loop.Post(() => queue.TryPut(item))</c> or <see cref="AsyncBridge"/>. It may
/// be made anywhere.</para>
/// <para><b>Cost:</b> 0 bytes in the steady state, whether or not a call waits.</para>
/// </remarks>
/// <example>
/// <code>
/// var jobs = new AsyncQueue&lt;int&gt;(capacity: 10);
/// LoopTask worker = Loop.CreateTask(async () =&gt;
/// {
///     await foreach (int job in jobs)
///     {
///         await Loop.Sleep(job);
///         jobs.TaskDone();
///     }
/// });
/// for (int i = 0; i &lt; 100; i++)
/// {
///     await jobs.PutAsync(i);      // waits while ten are in it
/// }
///
/// await jobs.JoinAsync();
/// jobs.Shutdown();
/// await worker;
/// </code>
/// </example>
[DebuggerDisplay("{DebuggerText,nq}")]
public class AsyncQueue<T> : IAsyncEnumerable<T>, IBacklog, ICounted
{
    internal readonly QueueGet<T> OwnGet;       // for one get and one put at a time, the usual case
    internal readonly QueuePut<T> OwnPut;
    internal CountedWaiters Getters;       // nonempty only while the queue is empty
    internal CountedWaiters Putters;       // nonempty only while the queue is full
    internal WaiterQueue Joiners;
    internal LoopBinding Binding;

    private readonly ItemStore<T>? ordered;     // of the stack and the priority queue; null: the ring, first in, first out
    private ItemRing<T> ring;
    private int peak;
    private int room;       // how many it may hold: the capacity, int.MaxValue, or none once it is shut down

    /// <summary>Makes an empty queue.</summary>
    /// <param name="capacity">How many items it holds before putters wait; 0: unlimited.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacity"/> is negative.</exception>
    public AsyncQueue(int capacity = 0) : this(capacity, null)
    {
    }

    private protected AsyncQueue(int capacity, ItemStore<T>? ordered)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        Capacity = capacity;
        room = capacity > 0 ? capacity : int.MaxValue;
        this.ordered = ordered;
        OwnGet = new QueueGet<T>(this);
        OwnPut = new QueuePut<T>(this);
    }

    /// <summary>How many items it holds. asyncio: <c>qsize()</c>.</summary>
    public int Count => ordered is null ? ring.Count : ordered.Count;

    /// <summary>How many items it may hold; 0: unlimited. asyncio: <c>maxsize</c>.</summary>
    public int Capacity { get; }

    /// <summary>Whether it holds no items.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>Whether putters have to wait; never true without a limit.</summary>
    public bool IsFull => Capacity > 0 && Count >= Capacity;

    /// <summary>Whether <see cref="Shutdown"/> was called.</summary>
    public bool IsShutDown { get; private set; }

    /// <summary>What it holds and who waits at this moment.</summary>
    public QueueStatistics Statistics
    {
        get
        {
            Binding.Verify("AsyncQueue.Statistics");
            return new(Count, Capacity, Unfinished, Getters.Tasks, Putters.Tasks, Joiners.Tasks)
            {
                PeakCount = peak,
                PeakGetters = Getters.Peak,
                PeakPutters = Putters.Peak,
            };
        }
    }

    int IBacklog.ItemCount => Count;

    bool IBacklog.IsUnbounded => Capacity == 0;

    LoopCore? IBacklog.UsedBy => Binding.Home;

    LoopCore? ICounted.UsedBy => Binding.Home;

    Diagnostics.WaitKind ICounted.Kind => Diagnostics.WaitKind.Queue;

    ResourceFigures ICounted.Figures =>
        new(Count, Capacity > 0 ? Capacity : null, peak, Getters.Count + Putters.Count, Math.Max(Getters.Peak, Putters.Peak));

    /// <summary>How many items were put but not yet reported by <see cref="TaskDone"/>.</summary>
    internal int Unfinished { get; private set; }

    private string DebuggerText =>
        $"{Count}{(Capacity > 0 ? $" of {Capacity}" : "")} items, {Getters.Count} getters, {Putters.Count} putters{(IsShutDown ? ", shut down" : "")}";

    /// <summary>Waits for an item.</summary>
    /// <returns>The next item.</returns>
    /// <remarks><b>Cancellation:</b> a cancelled getter leaves the line; an item that it was given already is delivered. Nothing is taken before the await.
    /// <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="QueueShutDownException">The queue is shut down and empty.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before it had an item.</exception>
    public Coroutine<T> GetAsync()
    {
        var made = QueueGet<T>.Call(this);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "AsyncQueue.GetAsync") : made;
    }

    /// <summary>Puts an item, after waiting for room if necessary.</summary>
    /// <param name="item">The item.</param>
    /// <remarks><b>Cancellation:</b> a cancelled putter leaves the line and its item is not put; one whose item was let in already has succeeded. Nothing is
    /// put before the await. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="QueueShutDownException">The queue is shut down.</exception>
    /// <exception cref="LoopCanceledException">The task was cancelled before its item was put.</exception>
    public Coroutine PutAsync(T item)
    {
        var made = QueuePut<T>.Call(this, item);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "AsyncQueue.PutAsync") : made;
    }

    /// <summary>Takes an item if there is one. asyncio: <c>get_nowait()</c>.</summary>
    /// <param name="item">The next item.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="QueueShutDownException">The queue is shut down and empty.</exception>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public bool TryGet([MaybeNullWhen(false)] out T item)
    {
        Binding.Verify("AsyncQueue.TryGet");
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
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public bool TryPut(T item)
    {
        Binding.Verify("AsyncQueue.TryPut");
        if (IsShutDown)
        {
            throw new QueueShutDownException();
        }

        return TryHandOver(item);
    }

    /// <summary>Reports that one item that was taken has been processed.</summary>
    /// <exception cref="InvalidOperationException">Called more often than items were put, or from a thread other than the loop's.</exception>
    public void TaskDone()
    {
        Binding.Verify("AsyncQueue.TaskDone");
        if (Unfinished == 0)
        {
            throw new InvalidOperationException("TaskDone was called more often than items were put into the queue.");
        }

        if (--Unfinished == 0)
        {
            WakeJoiners();
        }
    }

    /// <summary>Waits until every item that was put has been taken and reported by <see cref="TaskDone"/>.</summary>
    /// <remarks><b>Cancellation:</b> a cancelled waiter leaves. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="LoopCanceledException">The task was cancelled before that.</exception>
    public Coroutine JoinAsync()
    {
        var made = QueueJoin<T>.Call(this);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "AsyncQueue.JoinAsync") : made;
    }

    /// <summary>Stops accepting items. Those in the queue can still be taken; with <paramref name="immediate"/> they are dropped, and count as done.</summary>
    /// <param name="immediate">Whether the items in the queue are dropped.</param>
    /// <remarks>Waiting putters, and getters once nothing is left, get a <see cref="QueueShutDownException"/>; those that were served before do not. Calling
    /// it again with <paramref name="immediate"/> drops what is left.</remarks>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public void Shutdown(bool immediate = false)
    {
        Binding.Verify("AsyncQueue.Shutdown");
        IsShutDown = true;
        room = 0;
        if (immediate && Count > 0)
        {
            Unfinished = Math.Max(0, Unfinished - Count);
            ring.Clear();
            ordered?.Clear();
            if (Unfinished == 0)
            {
                WakeJoiners();
            }
        }

        TurnAway(ref Getters);
        TurnAway(ref Putters);
    }

    /// <summary>Takes items until the queue is shut down and empty.</summary>
    /// <param name="cancellationToken">Ends the enumeration, even while it waits, with an <see cref="OperationCanceledException"/>.</param>
    /// <remarks><b>Cancellation:</b> as for <see cref="GetAsync"/>. <b>Cost:</b> one object for each enumeration, 0 bytes for each item.</remarks>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => new QueueDrain(this, cancellationToken);

    // Getters wait only while the queue is empty, so the first of them is due whatever the order. Nobody waits at a queue that is shut down.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryHandOver(T item)
    {
        if (!Getters.IsEmpty)
        {
            GiveToGetter(item);
            return true;
        }

        if (Count >= room)
        {
            return false;
        }

        Store(item);
        AssertInvariants();
        return true;
    }

    private void GiveToGetter(T item)
    {
        var getter = Getters.TakeFirst()!;
        Unfinished++;
        Unsafe.As<QueueGet<T>>(getter.Target!).Result = item;
        getter.Wake();
        AssertInvariants();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryTake([MaybeNullWhen(false)] out T item)
    {
        if (!(ordered is null ? ring.TryTake(out item) : ordered.TryTake(out item)))
        {
            return false;
        }

        if (!Putters.IsEmpty)
        {
            TakeFromPutter();
        }

        return true;
    }

    private void TakeFromPutter()
    {
        while (Putters.TakeFirst() is { } putter)
        {
            try
            {
                Store(Unsafe.As<QueuePut<T>>(putter.Target!).Item!);
            }
            catch (Exception failure)
            {
                putter.WakeWith(failure);      // of a comparer: the putter's item is the one that it refuses, and the room is the next one's
                continue;
            }

            putter.Wake();
            break;
        }

        AssertInvariants();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Store(T item)
    {
        if (ordered is null)
        {
            ring.Add(item);
        }
        else
        {
            ordered.Add(item);
        }

        Unfinished++;
        int count = Count;
        if (count > peak)
        {
            peak = count;
        }
    }

    /// <summary>Whether the call can never succeed; leaves the exception for the await.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool Refuses(LoopCore core)
    {
        if (!IsShutDown)
        {
            return false;
        }

        core.PendingThrow = new QueueShutDownException();
        return true;
    }

    private void WakeJoiners()
    {
        while (Joiners.TakeFirst() is { } joiner)
        {
            joiner.Wake();
        }
    }

    private static void TurnAway(ref CountedWaiters line)
    {
        while (line.TakeFirst() is { } waiter)
        {
            waiter.WakeWith(new QueueShutDownException());
        }
    }

    private sealed class QueueDrain(AsyncQueue<T> queue, CancellationToken token) : ItemEnumerator<T>(token)
    {
        protected override PooledWait<T> Take() => queue.OwnGet.TryClaim(out _) ? queue.OwnGet : QueueGet<T>.Rent(queue);

        protected override bool IsOver => queue.IsShutDown && queue.IsEmpty;

        protected override bool IsEnd(Exception exception) => exception is QueueShutDownException && queue.IsShutDown;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(Getters.IsEmpty || Count == 0, "Who takes waits only while there is nothing.");
        Debug.Assert(Putters.IsEmpty || Count >= room, "Who puts waits only while there is no room.");
        Debug.Assert(Capacity == 0 || Count <= Capacity, "There is no more than there is room for.");
        Debug.Assert(Unfinished >= 0, "No more is done than was put.");
        Debug.Assert(Joiners.IsEmpty || Unfinished > 0, "Who waits for the end waits for something.");
    }
}
