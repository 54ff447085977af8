using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using EventLoop.Coroutines;
using EventLoop.Groups;
using EventLoop.Net;
using EventLoop.Scheduling;

namespace EventLoop;

// From the start of the loops to their end, and the choice among them.
public sealed partial class LoopGroup
{
    private readonly LoopGroupOptions options;
    private readonly LoopRunner home;                        // Run's own loop
    private readonly Lock changing = new();                  // any thread may listen, and the thread of a failed loop replaces it
    private readonly List<GroupServer> servers = [];         // guarded by the lock
    private LoopThread[] threads = [];                       // replaced as a whole, under the lock; read on any thread
    private Loop[] loops = [];                               // likewise
    private readonly List<LoopThread> all = [];              // guarded by the lock: those whose threads have not ended, also where the loop has failed
    private Exception? failure;                              // guarded by the lock: the first one
    private bool ending;                                     // guarded by the lock
    private LoopTask? main;                                  // on Run's thread
    private volatile string? stopReason;                     // any thread, by compare-exchange
    private volatile bool stopsByFailure;                    // any thread
    private bool isMainStopped, isMainTold;                  // home's thread: it was cancelled by a stop, by a failure
    private int turn;                                        // any thread, interlocked

    private LoopGroup(LoopGroupOptions options)
    {
        this.options = options;
        home = new LoopRunner(options.Loop) { IsSingle = true };
    }

    internal bool PinsThreads => options.PinThreads;

    internal Loop Home => home.Loop;

    private T Drive<T>(Func<LoopGroup, Coroutine<T>> body)
    {
        try
        {
            StartLoops();
            Home.Shutdown.Hurried = Hurry;
            T result;
            try
            {
                result = home.Run(() => RunMain(body));
            }
            finally
            {
                End();
            }

            ThrowIfFailed();
            return result;
        }
        catch (Exception thrown) when (!ReferenceEquals(thrown, Failure))
        {
            End();
            if (Failure is { } cause)
            {
                if (thrown is not OperationCanceledException)
                {
                    Home.CallExceptionHandler(new LoopExceptionContext($"The main of the group '{Home.Name}' failed after one of its loops had", thrown));
                }

                ExceptionDispatchInfo.Throw(cause);
            }

            throw;
        }
    }

    private Exception? Failure
    {
        get
        {
            lock (changing)
            {
                return failure;
            }
        }
    }

    private void ThrowIfFailed()
    {
        if (Failure is { } cause)
        {
            ExceptionDispatchInfo.Throw(cause);
        }
    }

    private async Coroutine<T> RunMain<T>(Func<LoopGroup, Coroutine<T>> body)
    {
        main = Loop.CurrentTask;
        if (stopReason is not null)
        {
            CancelMain(stopsByFailure);
        }

        return await body(this);
    }

    private void StopBecause(string reason, bool isFailure)
    {
        _ = Interlocked.CompareExchange(ref stopReason, reason, null);
        stopsByFailure |= isFailure;
        Home.Core.TryPost(CallbackItem<(LoopGroup Group, bool IsFailure)>.Create(
            static stop => stop.Group.CancelMain(stop.IsFailure), (this, isFailure), Home.Core.BaseContext));
    }

    // Once for a stop, and once for a failure or an exit, which main has to hear of even if it goes on after a stop: it may be cleaning up.
    private void CancelMain(bool isFailure)
    {
        if (main is { } running && !isMainTold && (isFailure || !isMainStopped))
        {
            isMainStopped = true;
            isMainTold |= isFailure;
            running.CancelCore(stopReason);
        }
    }

    // ---- The loops

    private void StartLoops()
    {
        int number = options.Loops ?? Environment.ProcessorCount;
        try
        {
            var started = new LoopThread[number];
            for (int i = 0; i < number; i++)
            {
                lock (changing)
                {
                    started[i] = NewThread(i, null);
                }
            }

            threads = started;
            loops = Array.ConvertAll(started, static thread => thread.Loop);
        }
        catch
        {
            End();
            throw;
        }
    }

    // Under the lock.
    private LoopThread NewThread(int index, LoopThread? before)
    {
        var ofLoop = options.Loop with { Name = $"{Home.Name}-{index}", HasMadeName = options.Loop.Name is null };
        var thread = new LoopThread(this, index, ofLoop, before);
        thread.Start();
        all.Add(thread);
        return thread;
    }

    /// <summary>On the thread of that loop.</summary>
    internal void OnLoopFailed(LoopThread failed, Exception cause)
    {
        lock (changing)
        {
            foreach (var server in servers)
            {
                server.StopAccepting(failed);
            }

            if (options.OnFailure == LoopFailurePolicy.Restart && !ending)
            {
                try
                {
                    Replace(failed);
                    Tell($"Loop '{failed.Loop.Name}' of a group failed, and another one took its place", cause);
                    return;
                }
                catch (Exception second)
                {
                    Tell($"Loop '{failed.Loop.Name}' of a group failed, and none could take its place: the group stops", second);
                }
            }

            failure ??= cause;
        }

        StopBecause($"loop '{failed.Loop.Name}' failed", isFailure: true);
    }

    /// <summary>Called when cleanup code on a loop has asked to exit.</summary>
    internal void OnExitAtEnd(LoopThread thread, Exception exit)
    {
        if (exit is LoopInterruptedException)
        {
            return;      // Run's own loop has it, too
        }

        lock (changing)
        {
            failure ??= exit;
        }

        StopBecause($"code on loop '{thread.Loop.Name}' has asked to exit", isFailure: true);
    }

    /// <summary>Called at the end of a thread, whose loop is closed: nothing of it is left to be stopped or waited for.</summary>
    internal void OnThreadEnded(LoopThread thread)
    {
        lock (changing)
        {
            all.Remove(thread);
        }
    }

    private void Replace(LoopThread failed)
    {
        var next = NewThread(failed.Index, failed);
        var replaced = (LoopThread[])threads.Clone();
        replaced[failed.Index] = next;
        foreach (var server in servers)
        {
            server.Replace(failed, next);
        }

        loops = Array.ConvertAll(replaced, static thread => thread.Loop);
        Volatile.Write(ref threads, replaced);
    }

    internal void Tell(string message, Exception cause) => Home.Core.TryPost(CallbackItem<(Loop Loop, LoopExceptionContext Context)>.Create(
        static told => told.Loop.CallExceptionHandler(told.Context), (Home, new LoopExceptionContext(message, cause)), Home.Core.BaseContext));

    // ---- The end

    private void Hurry(LoopInterruptedException interrupt)
    {
        foreach (var thread in threads)
        {
            thread.Core.TryPost(CallbackItem<(Loop Loop, LoopInterruptedException Interrupt)>.Create(
                static hurry => hurry.Loop.Shutdown.Hurry(hurry.Interrupt), (thread.Loop, interrupt), thread.Core.BaseContext));
        }
    }

    // All at once, including Run's own loop, so that they share the time.
    private void End()
    {
        LoopThread[] left;
        lock (changing)
        {
            if (ending)
            {
                return;
            }

            ending = true;
            foreach (var server in servers)
            {
                server.StopAccepting(null);
            }

            left = [.. all];
        }

        long deadline = Environment.TickCount64 + (long)Math.Min(options.Loop.ShutdownTimeout.TotalMilliseconds, int.MaxValue);
        foreach (var thread in left)
        {
            thread.Stop();
        }

        try
        {
            home.Dispose();
        }
        finally
        {
            foreach (var thread in left)
            {
                if (!thread.Join(deadline))
                {
                    string step = thread.Core.Current?.Task?.Label ?? "a callback";
                    Home.CallExceptionHandler(new LoopExceptionContext(
                        $"Loop '{thread.Loop.Name}' did not end within {options.Loop.ShutdownTimeout} of the end of its group: a step of {step} has not come "
                            + "back. Its thread is left behind"));
                }
            }
        }
    }

    // ---- The choice among the loops

    private LoopThread ThreadOf<TKey>(TKey key)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        var among = threads;

        // The hash of a number is the number: Fibonacci's multiplier distributes evenly spaced ones, and the upper half of the product decides.
        uint mixed = (uint)EqualityComparer<TKey>.Default.GetHashCode(key);
        mixed = (mixed ^ (mixed >> 16)) * 0x9E37_79B1;
        mixed = (mixed ^ (mixed >> 15)) * 0x85EB_CA77;
        mixed ^= mixed >> 13;
        return among[(int)(((ulong)mixed * (uint)among.Length) >> 32)];
    }

    /// <summary>By connections, then by work; among equals in turns.</summary>
    internal LoopThread PickLeastLoaded()
    {
        var among = threads;
        int start = (int)((uint)Interlocked.Increment(ref turn) % (uint)among.Length);
        var best = among[start];
        int connections = best.Connections, work = best.Work;
        bool isDown = best.IsDown;
        for (int i = 1; i < among.Length; i++)
        {
            var candidate = among[(start + i) % among.Length];
            int itsConnections = candidate.Connections;
            if (candidate.IsDown || (!isDown && itsConnections > connections))
            {
                continue;
            }

            int itsWork = candidate.Work;
            if (isDown || itsConnections < connections || itsWork < work)
            {
                (best, connections, work, isDown) = (candidate, itsConnections, itsWork, false);
            }
        }

        return best;
    }

    private async Coroutine<T> RunOnLeastLoaded<T>(Func<Coroutine<T>> body) => await RunThere(PickLeastLoaded(), body);

    private static async Coroutine<T> RunThere<T>(LoopThread there, Func<Coroutine<T>> body)
    {
        if (!ReferenceEquals(there.Core, LoopCore.Required))
        {
            return await RemoteWork<T>.On(there, body);
        }

        await Loop.CheckPoint();      // a pending cancellation comes first here, too: nothing is begun that nobody would wait for
        return await Loop.CreateTask(body);
    }

    private async Coroutine<T[]> RunOnAll<T>(Func<int, Coroutine<T>> body)
    {
        var among = threads;
        var running = new LoopTask<T>[among.Length];
        await TaskGroup.Run(async group =>
        {
            foreach (var there in among)
            {
                running[there.Index] = group.CreateTask(RunThere(there, () => body(there.Index)));
            }
        });
        return Array.ConvertAll(running, static task => task.Result);
    }

    private GroupServer ListenWith(EndPoint endPoint, Func<Connection, Coroutine> handler, GroupListenOptions listenOptions)
    {
        if (LoopCore.Running is null)
        {
            // A thread without a loop has no poller to open a listener with, and may wait.
            return Home.Submit(() => ListenWith(endPoint, handler, listenOptions)).GetAwaiter().GetResult();
        }

        lock (changing)
        {
            if (ending)
            {
                Throw.Ending(Home.Name);
            }

            var server = new GroupServer(this, threads, endPoint, handler, listenOptions);
            servers.Add(server);
            return server;
        }
    }

    internal void Forget(GroupServer server)
    {
        lock (changing)
        {
            servers.Remove(server);
        }
    }

    private static Func<Coroutine<NoResult>> WithResult(Func<Coroutine> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return async Coroutine<NoResult> () =>
        {
            await body();
            return NoResult.None;
        };
    }

    private static async Coroutine Ignore<T>(Coroutine<T> work) => await work;
}
