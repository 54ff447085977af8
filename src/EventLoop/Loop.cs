using System.Diagnostics;
using EventLoop.Coroutines;
using EventLoop.Debugging;
using EventLoop.Executors;
using EventLoop.Polling;
using EventLoop.Reporting;
using EventLoop.Running;
using EventLoop.Scheduling;

namespace EventLoop;

/// <summary>
/// The event loop: one thread on which coroutines, tasks and callbacks take turns. Static members act on the loop that runs on this thread, instance
/// members on that loop.
/// </summary>
/// <remarks>
/// <para><b>Thread:</b> everything except <see cref="Post(Action)"/>, <see cref="Submit(Func{Coroutine}, CancellationToken)"/>, <see cref="Stop"/> and what
/// says otherwise belongs to the loop's own thread and throws <see cref="InvalidOperationException"/> elsewhere. A loop that is not running belongs to the
/// thread that made it or ran it last.</para>
/// <para><b>Guarantee:</b> code between two awaits of a coroutine runs alone; no other code of the loop runs in between.</para>
/// <para>asyncio: <c>asyncio.run</c> and the event loop object.</para>
/// </remarks>
[DebuggerTypeProxy(typeof(LoopDebugView))]
public sealed partial class Loop : IDisposable
{
    private static int made;

    private readonly LoopOptions options;
    private volatile bool closed;

    /// <summary>Makes a loop that you drive yourself, as often as you like, by <see cref="RunUntilComplete(Coroutine, CancellationToken)"/> or
    /// <see cref="RunForever"/>, and then <see cref="Dispose"/>.</summary>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="PlatformNotSupportedException">The requested poller does not exist on this platform.</exception>
    public Loop(LoopOptions? options = null)
    {
        this.options = (options ?? new LoopOptions()).ForTimers();
        Name = this.options.Name ?? $"loop-{Interlocked.Increment(ref made)}";
        Reports = new LoopReporter(this);
        Executors = new LoopExecutors(this);
        Shutdown = new LoopShutdown(this);
        Losses = new LossLedger(loss =>
            ReportLoss(new LoopExceptionContext(loss.Message, loss.Exception, loss.About as LoopAwaitable, CreatedAt: loss.CreatedAt)));
        bool startInDebug = this.options.Debug ?? Environment.GetEnvironmentVariable("EVENTLOOP_DEBUG") is "1" or "true";
        Core = new LoopState(
            this,
            new LoopClock(this.options.TimeProvider),
            Pollers.Create(this.options.Poller),
            observeBlocking: startInDebug || this.options.BlockingCalls != BlockingCallPolicy.Ignore,
            this.options.Seed);
        Core.Clock.Failed = Reports.ClockFailed;
        if (this.options.TimeProvider is IIdleClock clock)
        {
            clock.Attach(Core);
        }

        Debug = startInDebug;
        BeginDiagnostics();
    }

    /// <summary>The loop that runs on this thread.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static Loop Current => LoopCore.Required.Loop;

    /// <summary>The task whose step is running; null in a plain callback. asyncio: <c>current_task</c>.</summary>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    public static LoopTask? CurrentTask => LoopCore.Required.CurrentTask;

    /// <summary>The token of the innermost cancel scope, timeout or task that is running, for APIs that take one.</summary>
    /// <exception cref="InvalidOperationException">No loop runs on this thread.</exception>
    /// <remarks>
    /// Whoever receives it has <see cref="LoopOptions.ForeignGrace"/> to end by itself after a cancellation, before a wait for it is abandoned. Its callbacks
    /// run on the thread pool; what has to run on the loop is written as <c>catch (LoopCanceledException)</c>, or registered with the scope itself.
    /// </remarks>
    public static CancellationToken CancellationToken => TokenHere(isForOthers: true);

    /// <summary>The same token, also for the library's own calls.</summary>
    /// <param name="isForOthers">Whether it is given to code whose work has a grace period after a cancellation.</param>
    internal static CancellationToken TokenHere(bool isForOthers)
    {
        var core = LoopCore.Required;
        return core.Current is Tasks.TaskContext { Task: var task } context
            ? context.Scope is { } scope && ReferenceEquals(scope.Host, task) ? scope.GetToken(isForOthers) : task.GetToken(isForOthers)
            : CancellationToken.None;
    }

    /// <summary>The name in logs and messages.</summary>
    public string Name { get; }

    /// <summary>Whether the loop is running, on any thread.</summary>
    public bool IsRunning => Core.IsRunning;

    /// <summary>Whether the loop was disposed.</summary>
    public bool IsClosed => closed;

    /// <summary>Whether the caller is on the loop's thread: the one it runs on, or, while it is not running, the one that made it or ran it last.</summary>
    public bool IsInLoopThread => Core.IsInLoopThread;

    /// <summary>Monotonic time since the loop was made, read afresh. Any thread. Throws what the <see cref="LoopOptions.TimeProvider"/> throws. asyncio:
    /// <c>loop.time()</c>.</summary>
    public TimeSpan Time => TimeSpan.FromTicks(Core.Clock.ReadNow());

    /// <summary>Whether slow steps are timed, and unawaited coroutines and origins are recorded. Initially as <see cref="LoopOptions.Debug"/> or the
    /// environment variable EVENTLOOP_DEBUG=1 says. asyncio: <c>set_debug</c>.</summary>
    public bool Debug
    {
        get;
        set
        {
            field = value;
            CountWatching();
            if (StepTiming is not null)
            {
                StepTiming.StuckStepThreshold = value && options.StuckStepThreshold != System.Threading.Timeout.InfiniteTimeSpan ? options.StuckStepThreshold
                    : null;
            }
        }
    }

    /// <summary>Counts of what the loop is doing and has done.</summary>
    /// <remarks>
    /// <b>Thread:</b> any. On the loop's thread it is exact; elsewhere each number is right for some moment, and two may be a moment apart. <b>Cost:</b> tasks
    /// are not enumerated: on the loop's thread it costs what has become ready and has run since the previous call, elsewhere a walk through the ready queue.
    /// </remarks>
    public LoopStatistics Statistics
    {
        get
        {
            int tasks = Core.Tasks.Count;
            var (busy, idle) = Core.Times;
            return new LoopStatistics(
                Core.Ready.Count,
                Math.Min(Core.CountWaiting(tasks), tasks),
                Core.Timers.Count,
                tasks,
                Core.Turns,
                Core.Steps,
                Core.Polls,
                busy,
                idle);
        }
    }

    internal LoopCore Core { get; }

    internal LoopOptions Options => options;

    internal LossLedger Losses { get; }

    /// <summary>Whether unawaited coroutines are noticed, tasks record who made them, and steps are timed: in debug mode, and in loops for tests, which omit
    /// the expensive rest of it.</summary>
    internal bool WatchesCoroutines
    {
        get => Core.WatchesCoroutines;
        set
        {
            watchesWithoutDebug = value;
            CountWatching();
        }
    }

    private bool watchesWithoutDebug;
    private bool countsAsWatching;

    /// <summary>The instrument that times steps; null unless it is attached. Any thread may read it.</summary>
    internal StepTimer? StepTiming { get; private set; }

    private void CountWatching()
    {
        Core.WatchesCoroutines = watchesWithoutDebug || Debug;
        bool watches = WatchesCoroutines && !closed;
        if (watches != countsAsWatching)
        {
            countsAsWatching = watches;
            OperationWatch.Add(watches ? 1 : -1);
            TimeSteps(watches);
        }
    }

    private void TimeSteps(bool on)
    {
        if (on)
        {
            Core.Instruments.Add(StepTiming ??= new StepTimer(this), StepTimer.Needs);
        }
        else
        {
            Core.Instruments.Remove(StepTiming!);
            StepTiming!.OnRunEnd();      // it no longer hears of any
        }
    }

    /// <summary>Gets the loop that runs on this thread, if there is one.</summary>
    /// <param name="loop">The loop, or null.</param>
    /// <returns>Whether there is one.</returns>
    public static bool TryGetCurrent([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Loop? loop)
    {
        loop = LoopCore.Running?.Loop;
        return loop is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({(closed ? "closed" : IsRunning ? "running" : "not running")}, {Core.Tasks.Count} tasks)";

    internal CoroutineWatch NewWatch(Type stateMachine) => NewWatch(MethodNames.OfStateMachine(stateMachine));

    internal CoroutineWatch NewWatch(string method) => new(Losses, method, Debug ? Origin.Capture() : null);

    private void VerifyOpen(string member, Coroutine given)
    {
        try
        {
            VerifyOpen(member);
        }
        catch
        {
            given.Excuse();
            throw;
        }
    }

    internal void VerifyOpen(string member)
    {
        if (Core.IsSurelyHere)
        {
            return;
        }

        Core.VerifyAccess(member);
        if (closed)
        {
            Throw.Closed(Name);
        }
    }
}
