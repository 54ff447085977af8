using System.Runtime.CompilerServices;
using EventLoop.Debugging;
using EventLoop.Scheduling;

namespace EventLoop;

// Handlers for libraries that call back on their own threads.
public sealed partial class Loop
{
    /// <summary>Makes a delegate that may be called from any thread and runs <paramref name="handler"/> on this loop.</summary>
    /// <param name="handler">Called on the loop's thread outside any task, in the ExecutionContext of the call, in the order of the calls; never inline, not
    /// even when called on the loop's own thread. What it throws goes to the exception handler.</param>
    /// <returns>A delegate that never throws. Once the loop is closed it only writes to the log.</returns>
    /// <remarks><b>Thread:</b> any, for binding and for calling. asyncio: <c>functools.partial(loop.call_soon_threadsafe, handler)</c>.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="handler"/> is null.</exception>
    /// <example>
    /// <code>
    /// int changes = 0;
    /// Action changed = Loop.Current.Bind(() =&gt; { changes++; });      // no lock: it runs on the loop, whoever calls it
    /// using var watcher = new FileSystemWatcher("/tmp") { EnableRaisingEvents = true };
    /// watcher.Changed += (_, _) =&gt; changed();
    /// await Loop.Sleep(TimeSpan.FromSeconds(10));
    /// </code>
    /// </example>
    public Action Bind(Action handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return () => PostBound(Invoke, handler);
    }

    /// <inheritdoc cref="Bind(Action)"/>
    /// <typeparam name="T">The type of the argument.</typeparam>
    public Action<T> Bind<T>(Action<T> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return argument => PostBound(static call => call.Handler(call.Argument), (Handler: handler, Argument: argument));
    }

    /// <inheritdoc cref="Bind(Action)"/>
    /// <typeparam name="T1">The type of the first argument.</typeparam>
    /// <typeparam name="T2">The type of the second argument.</typeparam>
    public Action<T1, T2> Bind<T1, T2>(Action<T1, T2> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return (first, second) => PostBound(static call => call.Handler(call.First, call.Second), (Handler: handler, First: first, Second: second));
    }

    /// <inheritdoc cref="Bind(Action)"/>
    [OverloadResolutionPriority(1)]
    public EventHandler Bind(EventHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return (sender, e) => PostBound(static call => call.Handler(call.Sender, call.Event), (Handler: handler, Sender: sender, Event: e));
    }

    /// <inheritdoc cref="Bind(Action)"/>
    /// <typeparam name="TEvent">The type of the event's data.</typeparam>
    [OverloadResolutionPriority(1)]
    public EventHandler<TEvent> Bind<TEvent>(EventHandler<TEvent> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return (sender, e) => PostBound(static call => call.Handler(call.Sender, call.Event), (Handler: handler, Sender: sender, Event: e));
    }

    /// <summary>Makes a delegate that may be called from any thread and runs <paramref name="handler"/> on this loop as a task of its own.</summary>
    /// <param name="handler">Called on the loop's thread, in the ExecutionContext of the call.</param>
    /// <returns>A delegate that never throws, and returns a task for each call, which ends as the handler does. Once the loop is closed that task fails with
    /// <see cref="ObjectDisposedException"/>.</returns>
    /// <remarks><inheritdoc cref="Bind(Action)" path="/remarks"/></remarks>
    /// <exception cref="ArgumentNullException"><paramref name="handler"/> is null.</exception>
    [OverloadResolutionPriority(2)]
    public Func<Task> Bind(Func<Coroutine> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return () => SubmitBound(handler);
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    [OverloadResolutionPriority(1)]
    public Func<Task> Bind(Func<Task> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return () => SubmitBound(async Coroutine () => await handler());
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="T">The type of the argument.</typeparam>
    [OverloadResolutionPriority(2)]
    public Func<T, Task> Bind<T>(Func<T, Coroutine> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return argument => SubmitBound(() => handler(argument));
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="T">The type of the argument.</typeparam>
    [OverloadResolutionPriority(1)]
    public Func<T, Task> Bind<T>(Func<T, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return argument => SubmitBound(async Coroutine () => await handler(argument));
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="T1">The type of the first argument.</typeparam>
    /// <typeparam name="T2">The type of the second argument.</typeparam>
    [OverloadResolutionPriority(2)]
    public Func<T1, T2, Task> Bind<T1, T2>(Func<T1, T2, Coroutine> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return (first, second) => SubmitBound(() => handler(first, second));
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="T1">The type of the first argument.</typeparam>
    /// <typeparam name="T2">The type of the second argument.</typeparam>
    [OverloadResolutionPriority(1)]
    public Func<T1, T2, Task> Bind<T1, T2>(Func<T1, T2, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return (first, second) => SubmitBound(async Coroutine () => await handler(first, second));
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    [OverloadResolutionPriority(2)]
    public Func<Task<TResult>> Bind<TResult>(Func<Coroutine<TResult>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return () => SubmitBound(handler);
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    [OverloadResolutionPriority(1)]
    public Func<Task<TResult>> Bind<TResult>(Func<Task<TResult>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return () => SubmitBound(async Coroutine<TResult> () => await handler());
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="T">The type of the argument.</typeparam>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    [OverloadResolutionPriority(2)]
    public Func<T, Task<TResult>> Bind<T, TResult>(Func<T, Coroutine<TResult>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return argument => SubmitBound(() => handler(argument));
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="T">The type of the argument.</typeparam>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    [OverloadResolutionPriority(1)]
    public Func<T, Task<TResult>> Bind<T, TResult>(Func<T, Task<TResult>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return argument => SubmitBound(async Coroutine<TResult> () => await handler(argument));
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="T1">The type of the first argument.</typeparam>
    /// <typeparam name="T2">The type of the second argument.</typeparam>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    [OverloadResolutionPriority(2)]
    public Func<T1, T2, Task<TResult>> Bind<T1, T2, TResult>(Func<T1, T2, Coroutine<TResult>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return (first, second) => SubmitBound(() => handler(first, second));
    }

    /// <inheritdoc cref="Bind(Func{Coroutine})"/>
    /// <typeparam name="T1">The type of the first argument.</typeparam>
    /// <typeparam name="T2">The type of the second argument.</typeparam>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    [OverloadResolutionPriority(1)]
    public Func<T1, T2, Task<TResult>> Bind<T1, T2, TResult>(Func<T1, T2, Task<TResult>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return (first, second) => SubmitBound(async Coroutine<TResult> () => await handler(first, second));
    }

    private void PostBound<TState>(Action<TState> callback, TState state)
    {
        var item = CallbackItem<TState>.Create(callback, state, Core.BaseContext);
        item.Flow = Core.ThreadContexts.CaptureFlowAnywhere();
        if (!Core.TryPost(item))
        {
            Log.BoundHandlerDropped(LogTarget, Name);
        }
    }

    private Task SubmitBound(Func<Coroutine> handler)
    {
        try
        {
            return Submit(handler);
        }
        catch (ObjectDisposedException closed)
        {
            return Task.FromException(closed);
        }
    }

    private Task<T> SubmitBound<T>(Func<Coroutine<T>> handler)
    {
        try
        {
            return Submit(handler);
        }
        catch (ObjectDisposedException closed)
        {
            return Task.FromException<T>(closed);
        }
    }
}
