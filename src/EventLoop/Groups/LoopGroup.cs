using System.Net;
using System.Runtime.CompilerServices;
using EventLoop.Coroutines;
using EventLoop.Groups;
using EventLoop.Net;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>Loops on threads of their own, and the means to distribute work over them. Work never moves by itself from one loop to another.</summary>
/// <remarks>
/// <para><b>Thread:</b> any, unless a member says otherwise. A failing task or handler concerns only its own loop's exception handler; a loop fails when its
/// run throws, usually by <see cref="LoopExitException"/>.</para>
/// <para>What each loop needs for itself is in a <see cref="LoopLocal{T}"/>; what has to happen on one thread goes to the loop of a key,
/// <see cref="RunOn{TKey}(TKey, Func{Coroutine})"/>; loops communicate by <see cref="Mailbox{T}"/>.</para>
/// </remarks>
public sealed partial class LoopGroup
{
    // ---- Run

    /// <summary>
    /// Starts the loops, runs <paramref name="main"/> on a loop of this thread that is not one of them, and when it ends stops all listeners, cancels and
    /// awaits what is left on all loops at once, for at most <see cref="LoopOptions.ShutdownTimeout"/> altogether, and returns. asyncio has no counterpart;
    /// compare nginx's master, or one Tokio runtime for each core.
    /// </summary>
    /// <param name="main">The program.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <remarks>A thread in which a step does not return is left behind after that time, and named. Ctrl-C and SIGTERM are handled as by
    /// <see cref="Loop.Run(Func{Coroutine}, LoopOptions?)"/>.</remarks>
    /// <exception cref="InvalidOperationException">A loop runs on this thread.</exception>
    /// <exception cref="LoopCanceledException"><see cref="Stop"/> was called, and main ended by that.</exception>
    [OverloadResolutionPriority(1)]
    public static void Run(Func<LoopGroup, Coroutine> main, LoopGroupOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(main);
        Run(
            async Coroutine<NoResult> (group) =>
            {
                await main(group);
                return NoResult.None;
            },
            options);
    }

    /// <inheritdoc cref="Run(Func{LoopGroup, Coroutine}, LoopGroupOptions?)"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What main returned.</returns>
    [OverloadResolutionPriority(1)]
    public static T Run<T>(Func<LoopGroup, Coroutine<T>> main, LoopGroupOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(main);
        if (LoopCore.Running is not null)
        {
            Throw.NestedRun();
        }

        return new LoopGroup(options ?? new LoopGroupOptions()).Drive(main);
    }

    /// <inheritdoc cref="Run(Func{LoopGroup, Coroutine}, LoopGroupOptions?)"/>
    public static void Run(Func<LoopGroup, Task> main, LoopGroupOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(main);
        Run(async Coroutine (group) => await main(group), options);
    }

    // ---- Choosing a loop

    /// <summary>The loops, for posting and submitting; their other members belong to their own threads.</summary>
    public IReadOnlyList<Loop> Loops => loops;

    /// <summary>The loop for a key: the same for equal keys in this process; keys are distributed by their hashes, mixed, so that evenly spaced numbers are
    /// distributed, too.</summary>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <param name="key">Any value with a hash code.</param>
    public Loop On<TKey>(TKey key)
        where TKey : notnull => ThreadOf(key).Loop;

    /// <summary>The least loaded loop at this moment, by its open connections and what is ready there.</summary>
    /// <remarks>What was sent there by <see cref="Run(Func{Coroutine})"/> and has not ended counts as ready; among equals the loops take turns.</remarks>
    public Loop LeastLoaded => PickLeastLoaded().Loop;

    /// <summary>The index of the running loop in <see cref="Loops"/>; -1 elsewhere.</summary>
    public int CurrentIndex => LoopThread.Current is { } here && ReferenceEquals(here.Group, this) ? here.Index : -1;

    // ---- Work on other loops, awaited here. A cancellation is passed on, and the wait ends when the work has.

    /// <summary>Runs <paramref name="body"/> on the least loaded loop, in a task of its own. Awaited on any loop.</summary>
    /// <param name="body">Called there, in the ExecutionContext of the await.</param>
    /// <remarks><b>Cancellation:</b> is passed on; the wait ends when the work has.</remarks>
    /// <exception cref="ObjectDisposedException">That loop is closed, or its run is ending.</exception>
    [OverloadResolutionPriority(1)]
    public Coroutine Run(Func<Coroutine> body) => Ignore(Run(WithResult(body)));

    /// <inheritdoc cref="Run(Func{Coroutine})"/>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the body returned.</returns>
    [OverloadResolutionPriority(1)]
    public Coroutine<T> Run<T>(Func<Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOnLeastLoaded(body);
    }

    /// <summary>Runs <paramref name="body"/> on the loop of the key, in a task of its own. Everything about one key happens on one thread.</summary>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <param name="key">Any value with a hash code.</param>
    /// <param name="body">Called there, in the ExecutionContext of the await.</param>
    /// <inheritdoc cref="Run(Func{Coroutine})" path="/remarks|/exception"/>
    [OverloadResolutionPriority(1)]
    public Coroutine RunOn<TKey>(TKey key, Func<Coroutine> body)
        where TKey : notnull => Ignore(RunOn(key, WithResult(body)));

    /// <inheritdoc cref="RunOn{TKey}(TKey, Func{Coroutine})"/>
    /// <typeparam name="TKey">The type of the key.</typeparam>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <returns>What the body returned.</returns>
    [OverloadResolutionPriority(1)]
    public Coroutine<T> RunOn<TKey, T>(TKey key, Func<Coroutine<T>> body)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunThere(ThreadOf(key), body);
    }

    /// <summary>Runs <paramref name="body"/> on every loop, with the loop's index; a failure cancels the others, and an <see cref="AggregateException"/> holds
    /// what failed, as in a <see cref="TaskGroup"/>.</summary>
    /// <param name="body">Called on each loop.</param>
    /// <inheritdoc cref="Run(Func{Coroutine})" path="/remarks"/>
    /// <exception cref="AggregateException">At least one failed.</exception>
    [OverloadResolutionPriority(1)]
    public Coroutine RunOnEach(Func<int, Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Ignore(RunOnEach(async Coroutine<NoResult> (index) =>
        {
            await body(index);
            return NoResult.None;
        }));
    }

    /// <inheritdoc cref="RunOnEach(Func{int, Coroutine})"/>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <returns>Results in the order of the loops.</returns>
    [OverloadResolutionPriority(1)]
    public Coroutine<T[]> RunOnEach<T>(Func<int, Coroutine<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOnAll(body);
    }

    /// <summary>Posts a plain callback to every loop without waiting.</summary>
    /// <param name="callback">Receives the loop's index. An exception goes to that loop's exception handler.</param>
    /// <exception cref="ObjectDisposedException">The group has ended. A loop that has failed is left out.</exception>
    public void PostToEach(Action<int> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        int posted = 0;
        ObjectDisposedException? refusal = null;
        foreach (var thread in threads)
        {
            try
            {
                thread.Loop.Post(static call => call.Callback(call.Index), (Callback: callback, thread.Index));
                posted++;
            }
            catch (ObjectDisposedException closed)
            {
                refusal = closed;
            }
        }

        if (posted == 0 && refusal is not null)
        {
            throw refusal;
        }
    }

    // ---- Listening

    /// <summary>Listens on one port for all loops; each connection's handler runs on one of them from beginning to end.</summary>
    /// <param name="endPoint">Port 0 chooses a free one; <see cref="GroupServer.EndPoint"/> says which.</param>
    /// <param name="handler">Called in a task of its own. An exception goes to the exception handler of its loop.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The server, which is accepting already; the group's end stops it.</returns>
    /// <exception cref="System.Net.Sockets.SocketException">The address is in use, or is not this machine's.</exception>
    /// <exception cref="ArgumentException">The end point is a name; or it is not a TCP address, and the mode is
    /// <see cref="AcceptMode.ReusePort"/>.</exception>
    /// <exception cref="ObjectDisposedException">The group has ended.</exception>
    [OverloadResolutionPriority(1)]
    public GroupServer Listen(EndPoint endPoint, Func<Connection, Coroutine> handler, GroupListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(handler);
        return ListenWith(endPoint, handler, options ?? new GroupListenOptions());
    }

    /// <inheritdoc cref="Listen(EndPoint, Func{Connection, Coroutine}, GroupListenOptions?)"/>
    public GroupServer Listen(EndPoint endPoint, Func<Connection, Task> handler, GroupListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Listen(endPoint, async Coroutine (connection) => await handler(connection), options);
    }

    /// <summary>Figures of the group at this moment.</summary>
    public LoopGroupStatistics Statistics
    {
        get
        {
            var all = threads;
            var busy = Array.ConvertAll(all, static thread => thread.BusyTime.TotalSeconds);
            double mean = busy.Average();
            return new LoopGroupStatistics(
                Array.ConvertAll(all, static thread => thread.Loop.Statistics),
                Array.ConvertAll(all, static thread => thread.Connections),
                mean > 0 ? busy.Max() / mean : 1);
        }
    }

    /// <summary>Ends Run as if main had been cancelled: with <see cref="LoopCanceledException"/>, unless main returns nevertheless.</summary>
    public void Stop() => StopBecause("the group was stopped", isFailure: false);
}
