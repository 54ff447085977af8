using System.Runtime.CompilerServices;
using EventLoop.Polling;

namespace EventLoop.Scheduling;

/// <summary>
/// The engine: ready queue, timers, inbox, and the running step. The turn itself is in LoopCore.Turn.cs; what the engine delegates, and what the rooms above
/// keep for each loop, is in its only subclass.
/// </summary>
/// <remarks>Fields belong to the loop's thread unless they say otherwise.</remarks>
[StackTraceHidden]
internal abstract partial class LoopCore
{
    /// <summary>How many coroutines may be started inside one another on one stack; deeper ones are started by the trampoline.</summary>
    internal const int DeepestStart = 48;

    private static int ids;      // any thread, interlocked

    /// <summary>Unique among the loops of the process; never zero.</summary>
    internal readonly int Id = Interlocked.Increment(ref ids);

    internal readonly LoopClock Clock;
    internal readonly IPoller Poller;
    internal readonly ReadyQueue Ready = new();
    internal readonly TimerQueue Timers = new();
    internal readonly Inbox Inbox = new();
    /// <summary>Whether blocking waits on the loop thread are to be reported.</summary>
    internal readonly bool ObserveBlocking;

    /// <summary>The context of plain callbacks: no task.</summary>
    internal readonly LoopContext BaseContext;

    internal ItemPools Pools = new();

    /// <summary>The contexts that .NET keeps on the thread.</summary>
    internal ThreadContexts ThreadContexts = new();

    /// <summary>What any of the <see cref="Instruments"/> listens to; the only flag that the engine tests.</summary>
    internal Hearing Heard;

    internal readonly Instruments Instruments;

    internal readonly IoCounts Io = new();

    /// <summary>Called when somebody begins, or ceases, to listen to the histograms of steps.</summary>
    internal Action<bool>? MeasureChanged;

    /// <summary>Who is cancelling at the moment; maintained by the rooms that cancel, and only while somebody listens.</summary>
    internal object? Trail;

    /// <summary>The context of the running step; null between steps and in raw ones.</summary>
    internal LoopContext? Current;

    // How many loops of the process have a PendingThrow. Any thread, interlocked. Every await would have to read a thread-static, which costs some
    // nanoseconds; reading this costs nothing, and it is zero except for the moments of a cancellation.
    private static int pendingThrows;

    private Exception? pendingThrow;
    private Leftovers leftovers;

    /// <summary>
    /// What is checked after each step, in one byte. The first two were set by a Start, and the same step has to take them: whoever asked an awaiter by hand
    /// and went away leaves them behind.
    /// </summary>
    [Flags]
    private enum Leftovers : byte
    {
        None,
        Exception = 1,
        Deferral = 2,

        /// <summary>The run has ended.</summary>
        Exit = 4,
    }

    /// <summary>What the next GetResult of one of the loop's awaiters has to throw: set when its node is resumed, taken at once.</summary>
    internal Exception? PendingThrow
    {
        get => pendingThrow;
        set
        {
            if (pendingThrow is null != value is null)
            {
                Interlocked.Add(ref pendingThrows, value is null ? -1 : 1);
                leftovers ^= Leftovers.Exception;
            }

            pendingThrow = value;
        }
    }

    /// <summary>Whether the operation that was just begun is complete but must yield: see <see cref="SpendBudget"/>.</summary>
    internal bool Deferred
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (leftovers & Leftovers.Deferral) != 0;
        set => leftovers = value ? leftovers | Leftovers.Deferral : leftovers & ~Leftovers.Deferral;
    }

    /// <summary>
    /// How the running node was woken, until the outcome of that is taken. Sleeps and yields have no state of their own that would say whether they have
    /// ended.
    /// </summary>
    internal WaitState ResumedBy;

    // Sleeps and yields that have ended and whose code was called but has not taken the outcome yet: it will do so by hand.
    private int untaken;

    internal int StartDepth;

    private LoopItem? next;                 // the trampoline: what runs next in the same step
    private int threadId = Environment.CurrentManagedThreadId;   // read on any thread; the thread that made the loop or ran it last

    private protected LoopCore(LoopClock clock, IPoller poller, bool observeBlocking, int? seed)
    {
        Clock = clock;
        Poller = poller;
        ObserveBlocking = observeBlocking;
        shuffle = seed is { } value ? new Random(value) : null;
        BaseContext = new LoopContext(this, null);
        Instruments = new Instruments(this);
    }

    internal bool IsInLoopThread => threadId == Environment.CurrentManagedThreadId;

    internal void VerifyAccess(string member)
    {
        if (!IsSurelyHere && !IsInLoopThread)
        {
            OnWrongThread(member);
            Throw.WrongThread(member, Name);
        }
    }

    // ---- Steps

    /// <summary>Makes a context the current one, for the library and for <c>await</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Install(LoopContext? context)
    {
        // Comparing is cheaper than a store with its write barrier, and steps of one task often follow one another. The code of a step may have set another
        // synchronization context, so that is compared, too.
        if (!ReferenceEquals(Current, context))
        {
            Current = context;
        }
        else if (ThreadContexts.IsCurrent(context))
        {
            return;
        }

        ThreadContexts.SetCurrent(context);
    }

    /// <summary>
    /// Resumes <paramref name="node"/> in this step, when the running code has returned: by a loop instead of recursion, so that no chain of completions
    /// overflows the stack.
    /// </summary>
    internal void RunNext(LoopItem node)
    {
        if (next is null)
        {
            next = node;
        }
        else
        {
            Ready.Enqueue(node);
        }
    }

    /// <summary>Comes first in every Park: the operation may have ended already and only yields.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryParkDeferred(WaitNode node)
    {
        if (!Deferred)
        {
            return false;
        }

        Deferred = false;
        var exception = PendingThrow;
        PendingThrow = null;
        node.Defer(this, exception);
        return true;
    }

    /// <summary>
    /// Called by every operation before it waits. False: continue. True: a cancellation is pending, and <see cref="PendingThrow"/> holds it;
    /// <paramref name="completed"/> is then what the awaiter's IsCompleted has to return.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryInterrupt(out bool completed)
    {
        if (Current is { Attention: true } context && context.TakeCancellation() is { } cancellation)
        {
            PendingThrow = cancellation;
            completed = SpendBudget();
            return true;
        }

        completed = false;
        return false;
    }

    /// <summary>Ends a wait: throws what it ended with, if that was an exception.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ThrowIfInterrupted()
    {
        if (Volatile.Read(ref pendingThrows) != 0)
        {
            ThrowPending();
        }
    }

    private static void ThrowPending()
    {
        if (Running is { PendingThrow: { } exception } core)
        {
            core.PendingThrow = null;
            throw exception;
        }
    }

    /// <summary>Takes the outcome of a sleep or yield, once; throws if there is none to take.</summary>
    /// <param name="how">How its node was woken.</param>
    /// <param name="what">The operation, for the message.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void TakeEnd(WaitState how, string what)
    {
        if (ResumedBy != how)
        {
            TakeEarlierEnd(what);
        }

        ResumedBy = WaitState.Idle;
    }

    private void TakeEarlierEnd(string what)
    {
        if (untaken == 0)
        {
            Throw.NotCompleted(what);
        }

        untaken--;
    }

    /// <summary>Called when the delegate that a wait has called has returned without taking the outcome.</summary>
    internal void NoteUntakenEnd()
    {
        if (ResumedBy is WaitState.Due or WaitState.Yielding)
        {
            ResumedBy = WaitState.Idle;
            untaken++;
        }
    }

    // ---- Work elsewhere that will come back: virtual time stands still for it. Any thread.

    private int flights;
    private int callbacks;

    internal bool InFlight => Volatile.Read(ref flights) + Volatile.Read(ref callbacks) > 0;

    /// <summary>Counts callbacks of tokens, which run on the thread pool. The end of the loop does not wait for them.</summary>
    internal void BeginCallbacks() => Interlocked.Increment(ref callbacks);

    internal void EndCallbacks()
    {
        Interlocked.Decrement(ref callbacks);
        WakeToLook();
    }

    internal void BeginFlight() => Interlocked.Increment(ref flights);

    internal void EndFlight()
    {
        Interlocked.Decrement(ref flights);
        WakeToLook();
    }

    /// <summary>The same on the loop's thread, or where nobody turns the loop any more: before it parks it looks anyway.</summary>
    internal void EndFlightHere() => Interlocked.Decrement(ref flights);

    private int watchers;      // changed by the loop's thread, read by any

    /// <summary>Counts what other threads watch for the loop where the poller cannot: it is to virtual time what a descriptor at the poller is.</summary>
    internal void BeginWatch() => watchers++;

    internal void EndWatch() => watchers--;

    /// <summary>Whether anything outside is watched that may become ready.</summary>
    internal bool HasSources => Poller.HasSources || Volatile.Read(ref watchers) > 0;

    /// <summary>Whether the loop knows of anything pending: a timer, a descriptor, work elsewhere, a post.</summary>
    internal bool IsExpecting => Timers.Count > 0 || InFlight || HasSources || !Inbox.IsEmpty;

    // ---- Work from outside the step

    /// <summary>Any thread. False when the loop is closed.</summary>
    internal bool TryPost(LoopItem item)
    {
        if (!Inbox.TryPush(item))
        {
            return false;
        }

        WakeUp();
        return true;
    }

    /// <summary>Any thread: puts an item into the ready queue by the shortest way; if the loop is closed, the item is rejected.</summary>
    internal void Arrive(LoopItem item)
    {
        if (ReferenceEquals(Running, this))
        {
            item.OnArrived(this);
        }
        else if (!TryPost(item))
        {
            item.OnRejected(this);
        }
    }

    /// <summary>Any thread: accepts what .NET posts through a context. Never throws.</summary>
    internal void PostContinuation(LoopContext context, SendOrPostCallback callback, object? state)
    {
        bool here = ReferenceEquals(Running, this);
        var item = ContinuationItem.Create(context, callback, state, pooled: here);
        if (here)
        {
            Ready.Enqueue(item);
        }
        else if (!TryPost(item))
        {
            item.OnRejected(this);
        }
    }

    /// <summary>Takes over what other threads posted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void TakePosts()
    {
        if (!Inbox.IsEmpty)
        {
            TakePostsNow();
        }
    }

    private void TakePostsNow()
    {
        var item = Inbox.TakeAll();
        while (item is not null)
        {
            var following = item.Next;
            item.Next = null;
            item.OnArrived(this);
            item = following;
        }
    }

    /// <summary>Whether something waits for its step, in the ready queue or in the inbox.</summary>
    internal bool HasReady => Ready.Count > 0 || !Inbox.IsEmpty;

    /// <summary>Closes the inbox; what it still holds and what is ready is rejected.</summary>
    internal void Close()
    {
        var rest = Inbox.Close();
        Poller.Dispose();        // what waits for a socket is notified, and becomes ready
        while (Ready.Count > 0)
        {
            Ready.Dequeue().OnRejected(this);
        }

        while (rest is not null)
        {
            var following = rest.Next;
            rest.Next = null;
            rest.OnRejected(this);
            rest = following;
        }

        while (Timers.Count > 0)
        {
            Timers.RemoveFirst();
        }

        OnClosed();
        DropParkTimer();
    }
}
