using EventLoop.Native;
using EventLoop.Scheduling;

namespace EventLoop.Groups;

/// <summary>A loop of a group and the thread that it runs on, from its beginning to its end.</summary>
internal sealed class LoopThread
{
    [ThreadStatic]
    private static LoopThread? current;

    private readonly LoopGroup group;
    private readonly Thread thread;
    private readonly LoopOptions options;
    private readonly TimeSpan busyBefore;
    private readonly ManualResetEventSlim started = new();
    private Exception? startFailure;         // until it has started
    private int connections;                 // any thread, interlocked
    private int work;                        // any thread, interlocked
    private volatile bool stopping;          // any thread
    private volatile bool isDown;            // read on any thread

    /// <param name="group">Notified when the loop fails.</param>
    /// <param name="index">Its index in the group.</param>
    /// <param name="options">With the loop's name.</param>
    /// <param name="before">The one that it replaces; null: none.</param>
    internal LoopThread(LoopGroup group, int index, LoopOptions options, LoopThread? before)
    {
        this.group = group;
        this.options = options;
        Index = index;
        busyBefore = before is null ? TimeSpan.Zero : before.BusyTime;
        thread = new Thread(Run) { Name = options.Name, IsBackground = true };
    }

    /// <summary>The one of this thread; null where none of a group's loops runs.</summary>
    internal static LoopThread? Current => current;

    internal LoopGroup Group => group;

    internal int Index { get; }

    internal Loop Loop { get; private set; } = null!;

    internal LoopCore Core => Loop.Core;

    /// <summary>Whether it failed, and accepts no more work.</summary>
    internal bool IsDown => isDown;

    /// <summary>Open connections, and those on their way here.</summary>
    internal int Connections => Volatile.Read(ref connections);

    /// <summary>How much is running here for others, or is ready.</summary>
    internal int Work => Math.Max(Volatile.Read(ref work), Core.Ready.Count);      // what was sent here is in the ready queue for a while

    /// <summary>Including that of the loops it replaced.</summary>
    internal TimeSpan BusyTime => busyBefore + Core.BusyTime;

    internal void AddConnections(int difference) => Interlocked.Add(ref connections, difference);

    internal void BeginWork() => Interlocked.Increment(ref work);

    internal void EndWork() => Interlocked.Decrement(ref work);

    /// <summary>Starts it, and waits until the loop can be posted to.</summary>
    /// <exception cref="Exception">What making the loop threw.</exception>
    internal void Start()
    {
        thread.UnsafeStart();
        started.Wait();
        if (startFailure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(startFailure);
        }
    }

    /// <summary>Ends the run: what is left on the loop is cancelled and awaited there. Any thread.</summary>
    internal void Stop()
    {
        stopping = true;
        Loop.Stop();
    }

    /// <summary>Waits for the end of the thread. False: a step does not return, and the thread is left behind.</summary>
    /// <param name="deadline">For the tasks, on the system's clock in milliseconds; the disposal of loop-local values and the executor's work have the same
    /// time again, each.</param>
    internal bool Join(long deadline)
    {
        const int Margin = 150, LongMargin = 2000;
        if (options.ShutdownTimeout == Timeout.InfiniteTimeSpan)
        {
            thread.Join();
            return true;
        }

        // A thread whose step does not return is not waited for any longer; one that sleeps has just not been notified yet, by a timer that is late.
        long phase = (long)options.ShutdownTimeout.TotalMilliseconds;
        return JoinUntil(deadline + Margin)
            || (Core.IsParked && JoinUntil(deadline + LongMargin))
            || (Loop.Shutdown.HasDisposed && JoinUntil(deadline + phase + LongMargin))
            || (Loop.Shutdown.IsDraining && JoinUntil(deadline + (Loop.Shutdown.HasDisposed ? 2 * phase : phase) + LongMargin));
    }

    private bool JoinUntil(long deadline) => thread.Join((int)Math.Clamp(deadline - Environment.TickCount64, 0, int.MaxValue));

    private void Run()
    {
        current = this;
        LoopRunner runner;
        try
        {
            if (group.PinsThreads)
            {
                ThreadAffinity.PinCurrentThread(Index);
            }

            runner = new LoopRunner(options);
            Loop = runner.Loop;
        }
        catch (Exception failure)
        {
            startFailure = failure;
            started.Set();
            return;
        }

        started.Set();
        Run(runner.Loop);
        try
        {
            runner.Dispose();
        }
        catch (Exception exit)
        {
            group.OnExitAtEnd(this, exit);      // cleanup code has asked for it
        }

        group.OnThreadEnded(this);
    }

    private void Run(Loop loop)
    {
        while (!stopping)
        {
            try
            {
                loop.RunForever();      // it may have been stopped by a user who meant something else
            }
            catch (Exception failure)
            {
                if (failure is not LoopInterruptedException)
                {
                    isDown = true;
                    group.OnLoopFailed(this, failure);
                }

                return;
            }
        }
    }
}
