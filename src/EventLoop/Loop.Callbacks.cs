using System.Runtime.CompilerServices;
using EventLoop.Reporting;
using EventLoop.Scheduling;

namespace EventLoop;

// Callbacks: the layer below tasks, and the way in for other threads.
public sealed partial class Loop
{
    /// <summary>Schedules <paramref name="callback"/> for the next turn, after everything that is ready now. asyncio: <c>call_soon</c>.</summary>
    /// <param name="callback">Runs outside any task, in the ExecutionContext of this call. An exception goes to the exception handler.</param>
    /// <returns>A handle that can cancel it.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread; use <see cref="Post(Action)"/>.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Handle CallSoon(Action callback) => Handle.For(ScheduleSoon(Invoke, Required(callback)));

    /// <inheritdoc cref="CallSoon(Action)"/>
    /// <typeparam name="TState">The type of the argument.</typeparam>
    /// <param name="callback">Runs outside any task, in the ExecutionContext of this call. An exception goes to the exception handler.</param>
    /// <param name="state">The callback's argument; saves a closure.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Handle CallSoon<TState>(Action<TState> callback, TState state) => Handle.For(ScheduleSoon(Required(callback), state));

    /// <summary>Schedules <paramref name="callback"/> after a delay: <see cref="CallAt(TimeSpan, Action)"/> at <see cref="Time"/> plus
    /// <paramref name="delay"/>. asyncio: <c>call_later</c>.</summary>
    /// <param name="delay">From now on; <see cref="TimeSpan.MaxValue"/> never comes. Zero or less: due at once, in the next turn.</param>
    /// <param name="callback">Runs outside any task, in the ExecutionContext of this call. An exception goes to the exception handler.</param>
    /// <returns>A handle that can cancel it.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread; use <see cref="Post(Action)"/>.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    /// <example>
    /// <code>
    /// TimerHandle reminder = Loop.Current.CallLater(TimeSpan.FromSeconds(5), () =&gt; Console.WriteLine("still at it"));
    /// await Loop.Sleep(TimeSpan.FromSeconds(1));
    /// reminder.Cancel();
    /// </code>
    /// </example>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TimerHandle CallLater(TimeSpan delay, Action callback)
    {
        var item = ScheduleLater(delay, Invoke, Required(callback), out long due);
        return TimerHandle.For(item, due);
    }

    /// <inheritdoc cref="CallLater(TimeSpan, Action)"/>
    /// <typeparam name="TState">The type of the argument.</typeparam>
    /// <param name="delay">From now on; <see cref="TimeSpan.MaxValue"/> never comes.</param>
    /// <param name="callback">Runs outside any task, in the ExecutionContext of this call. An exception goes to the exception handler.</param>
    /// <param name="state">The callback's argument; saves a closure.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TimerHandle CallLater<TState>(TimeSpan delay, Action<TState> callback, TState state)
    {
        var item = ScheduleLater(delay, Required(callback), state, out long due);
        return TimerHandle.For(item, due);
    }

    /// <summary>Schedules <paramref name="callback"/> for a point in time. asyncio: <c>call_at</c>.</summary>
    /// <param name="loopTime">On the scale of <see cref="Time"/>. Due callbacks run in the order of their times, those with equal times in the order of these
    /// calls; a time that has passed means the next turn.</param>
    /// <param name="callback">Runs outside any task, in the ExecutionContext of this call. An exception goes to the exception handler.</param>
    /// <returns>A handle that can cancel it.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread; use <see cref="Post(Action)"/>.</exception>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TimerHandle CallAt(TimeSpan loopTime, Action callback) => TimerHandle.For(ScheduleAt(loopTime.Ticks, Invoke, Required(callback)), loopTime.Ticks);

    /// <inheritdoc cref="CallAt(TimeSpan, Action)"/>
    /// <typeparam name="TState">The type of the argument.</typeparam>
    /// <param name="loopTime">On the scale of <see cref="Time"/>. Callbacks with equal times run in the order of these calls.</param>
    /// <param name="callback">Runs outside any task, in the ExecutionContext of this call. An exception goes to the exception handler.</param>
    /// <param name="state">The callback's argument; saves a closure.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TimerHandle CallAt<TState>(TimeSpan loopTime, Action<TState> callback, TState state) =>
        TimerHandle.For(ScheduleAt(loopTime.Ticks, Required(callback), state), loopTime.Ticks);

    /// <summary>Makes a future of this loop. asyncio: <c>create_future</c>.</summary>
    public LoopFuture CreateFuture() => new(this);

    /// <summary>Makes a future of this loop. asyncio: <c>create_future</c>.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    public LoopFuture<T> CreateFuture<T>() => new(this);

    /// <summary>Schedules <paramref name="callback"/> on the loop's thread, from any thread; wakes the loop if it sleeps. asyncio:
    /// <c>call_soon_threadsafe</c>.</summary>
    /// <param name="callback">Runs outside any task, in the ExecutionContext of this call. An exception goes to the exception handler.</param>
    /// <remarks>Callbacks that one thread posts run in its order. On the loop's own thread a post goes straight to the ready queue and allocates
    /// nothing.</remarks>
    /// <exception cref="ObjectDisposedException">The loop is closed.</exception>
    public void Post(Action callback) => Post(Invoke, Required(callback));

    /// <inheritdoc cref="Post(Action)"/>
    /// <typeparam name="TState">The type of the argument.</typeparam>
    /// <param name="callback">Runs outside any task, in the ExecutionContext of this call. An exception goes to the exception handler.</param>
    /// <param name="state">The callback's argument; saves a closure.</param>
    public void Post<TState>(Action<TState> callback, TState state)
    {
        ArgumentNullException.ThrowIfNull(callback);
        if (ReferenceEquals(LoopCore.Running, Core))
        {
            Enqueue(callback, state);
            return;
        }

        var item = CallbackItem<TState>.Create(callback, state, Core.BaseContext);
        item.Flow = Core.ThreadContexts.CaptureFlowAnywhere();
        if (!Core.TryPost(item))
        {
            Throw.Closed(Name);
        }
    }

    private static readonly Action<Action> Invoke = static callback => callback();

    private static TDelegate Required<TDelegate>(TDelegate callback)
        where TDelegate : Delegate
    {
        ArgumentNullException.ThrowIfNull(callback);
        return callback;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private CallbackItem<TState> ScheduleSoon<TState>(Action<TState> callback, TState state)
    {
        VerifyOpen(nameof(CallSoon));
        Core.TakePosts();        // what other threads posted before this call stays ahead of it
        return Enqueue(callback, state);
    }

    private CallbackItem<TState> Enqueue<TState>(Action<TState> callback, TState state)
    {
        var item = NewItem(callback, state);
        Core.Ready.Enqueue(item);
        return item;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private CallbackItem<TState> ScheduleLater<TState>(TimeSpan delay, Action<TState> callback, TState state, out long due)
    {
        VerifyOpen(nameof(CallLater));
        if (delay > TimeSpan.Zero)
        {
            due = Core.Clock.ReadDeadlineAfter(delay.Ticks);
        }
        else
        {
            long now = Core.Clock.ReadNow();
            due = now < 0 && delay.Ticks < long.MinValue - now ? long.MinValue : now + delay.Ticks;
            Core.LookSoon();      // whether or not the loop is busy
        }

        return AddTimer(due, callback, state);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private CallbackItem<TState> ScheduleAt<TState>(long due, Action<TState> callback, TState state)
    {
        VerifyOpen(nameof(CallAt));
        if (due <= Core.Clock.Now)
        {
            Core.LookSoon();
        }

        return AddTimer(due, callback, state);
    }

    private CallbackItem<TState> AddTimer<TState>(long due, Action<TState> callback, TState state)
    {
        var item = NewItem(callback, state);
        Core.Timers.Add(due, item);
        return item;
    }

    private CallbackItem<TState> NewItem<TState>(Action<TState> callback, TState state)
    {
        var item = CallbackItem<TState>.Rent(Core, callback, state, Core.BaseContext);
        item.Flow = Core.ThreadContexts.CaptureFlow();
        if (Debug)
        {
            item.CreatedAt = Origin.Capture();
        }

        return item;
    }
}
