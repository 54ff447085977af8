using System.Diagnostics;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Diagnostics;
using EventLoop.Scheduling;
using EventLoop.Synchronization;

namespace EventLoop;

/// <summary>A flag that tasks wait for. asyncio: <c>Event</c>.</summary>
/// <remarks>
/// <list type="bullet">
/// <item><see cref="Set"/> wakes all waiters in order of arrival, each exactly once; a <see cref="Clear"/> right after it takes nothing back.</item>
/// <item>A cancelled waiter leaves; one that was woken before returns, and the cancellation is delivered at its next wait.</item>
/// </list>
/// <para><b>Thread:</b> that of the loop that uses it; from other threads by <c>loop.Post(ready.Set)</c>. It may be made anywhere.</para>
/// <para><b>Cost:</b> 0 bytes; <see cref="Set"/> is linear in the number of waiters.</para>
/// </remarks>
/// <example>
/// <code>
/// var ready = new AsyncEvent();
/// Loop.StartSoon(async () =&gt;
/// {
///     await ready.WaitAsync();
///     Console.WriteLine("go");
/// });
/// await Loop.Sleep(10);
/// ready.Set();
/// </code>
/// </example>
[DebuggerDisplay("{DebuggerText,nq}")]
public sealed class AsyncEvent
{
    private readonly WaitForSet own;
    private readonly string what = "event";      // for the live view, like the following field
    private readonly WaitKind kind = WaitKind.Event;
    private WaiterQueue waiters;
    private LoopBinding binding;
    private bool set;

    /// <summary>Makes an event that is not set.</summary>
    public AsyncEvent() => own = new WaitForSet(this);

    /// <summary>Makes an event by which another primitive waits.</summary>
    internal AsyncEvent(WaitKind kind, string what)
        : this()
    {
        this.kind = kind;
        this.what = what;
    }

    /// <summary>Whether the event is set, so that nobody has to wait.</summary>
    public bool IsSet => set;

    /// <summary>Who waits for it at this moment.</summary>
    public SynchronizationStatistics Statistics
    {
        get
        {
            binding.Verify("AsyncEvent.Statistics");
            return new(waiters.Count, waiters.Tasks);
        }
    }

    private string DebuggerText => set ? "set" : $"not set, {waiters.Count} waiting";

    /// <summary>Sets the event and wakes all waiters. Setting it again does nothing.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public void Set()
    {
        binding.Verify("AsyncEvent.Set");
        set = true;
        while (waiters.TakeFirst() is { } waiter)
        {
            waiter.Wake();
        }
    }

    /// <summary>Resets the event, so that later callers wait.</summary>
    /// <exception cref="InvalidOperationException">Called from a thread other than the loop's.</exception>
    public void Clear()
    {
        binding.Verify("AsyncEvent.Clear");
        set = false;
    }

    /// <summary>Waits until the event is set; completes at once if it is.</summary>
    /// <remarks><b>Cancellation:</b> a cancelled waiter leaves; a wake-up that it was given already is delivered. <b>Cost:</b> 0 bytes.</remarks>
    /// <exception cref="LoopCanceledException">The task was cancelled before the event was set.</exception>
    public Coroutine WaitAsync()
    {
        var made = WaitForSet.Call(this);
        return OperationWatch.IsOn ? OperationWatch.Over(made, "AsyncEvent.WaitAsync") : made;
    }

    [StackTraceHidden]
    private sealed class WaitForSet(AsyncEvent? owner) : PooledWait
    {
        private static readonly int Slot = ItemPools.NewSlot();

        private AsyncEvent? awaited = owner;      // the one that keeps it for itself; null: it is rented

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal static Coroutine Call(AsyncEvent awaited)
        {
            var own = awaited.own;
            return own.TryClaim(out long token) ? new(own, token) : CallAnother(awaited);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Coroutine CallAnother(AsyncEvent awaited)
        {
            var wait = FindFree(awaited.own, awaited.binding, Slot) ?? new(null);
            wait.awaited = awaited;
            wait.Begin();
            return new(wait, wait.Token);
        }

        public override bool Start(long token) =>
            TryInterrupt(token, out var core, out bool completed) ? completed : TryComplete(core) ? core.SpendBudget() : MustWait(token);

        private bool TryComplete(LoopCore core)
        {
            awaited!.binding.Verify(core, "AsyncEvent.WaitAsync");
            return awaited.set;
        }

        private protected override void Verify(LoopCore running) => awaited?.binding.Verify(running, "AsyncEvent.WaitAsync");

        protected override void Enqueue(WaitNode awaiting) => awaited!.waiters.Add(awaiting);

        public override AbortResult Abort(WaitNode node, string? reason)
        {
            awaited!.waiters.Remove(node);
            return AbortResult.GivenUp;
        }

        protected override void Recycle(LoopCore core)
        {
            if (!ReferenceEquals(this, awaited!.own))
            {
                awaited = null;
                core.Pools.Return(this, Slot);
            }
        }

        public override string Describe(WaitNode node) => ResourceNames.Label(awaited?.what ?? "event", awaited);

        public override WaitKind Kind => awaited?.kind ?? WaitKind.Event;

        public override object? Resource => awaited;
    }
}
