using Microsoft.Extensions.Logging;

namespace EventLoop;

/// <summary>How a loop is to be.</summary>
public sealed record LoopOptions
{
    /// <summary>For logs and messages; null: "loop-1", "loop-2", ...</summary>
    public string? Name { get; init; }

    /// <summary>Where loop time comes from. Another one than the system's also wakes the loop, through its own timers.</summary>
    /// <remarks>What it throws fails the operation that asks for the time; the loop itself reports it and goes by the system's time meanwhile.</remarks>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Null: what has to be said goes to standard error; so does what a logger throws at, with that.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Debug mode; null: as the environment variable EVENTLOOP_DEBUG says ("1").</summary>
    public bool? Debug { get; init; }

    /// <summary>In debug mode a step that takes longer is logged. asyncio: <c>slow_callback_duration</c>.</summary>
    public TimeSpan SlowStepThreshold { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a run waits, at its end, for cancelled tasks and for executors.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a cancelled wait for a .NET task goes on where the task's or scope's token was handed out, so that work which heeds the token can end by itself.</summary>
    /// <value>5 seconds of loop time. Infinite: such a wait is never abandoned. Where nobody was given a token, the wait ends at once in any case.</value>
    public TimeSpan ForeignGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Which exceptions count as cancellations, beside <see cref="OperationCanceledException"/>: gRPC's <c>RpcException</c> with the status Cancelled, for one.</summary>
    /// <value>
    /// Null: no others. It is asked about what leaves a task, scope, timeout or group that was cancelled, and never before that; it runs on the loop's thread. What it throws is reported, and counts as
    /// "no".
    /// </value>
    public Func<Exception, bool>? IsCancellation { get; init; }

    /// <summary>What becomes of a blocking wait (<c>Task.Wait</c>, a wait handle) on the loop's thread; a lock, or what .NET's own code waits for inside another call, only if it lasts for a tenth of a second.</summary>
    public BlockingCallPolicy BlockingCalls { get; init; }

    /// <summary>The first Ctrl-C cancels main, the second ends the process. Only for <c>Loop.Run</c> and <see cref="LoopRunner"/>.</summary>
    public bool HandleInterrupt { get; init; } = true;

    /// <summary>New tasks take their first step inside the call that creates them. asyncio: <c>eager_task_factory</c>.</summary>
    public bool EagerTasks { get; init; }

    /// <summary>Where <c>ToThread</c> runs; null: the thread pool.</summary>
    public IExecutor? DefaultExecutor { get; init; }

    /// <summary>What the loop blocks on.</summary>
    public PollerKind Poller { get; init; }

    /// <summary>Shuffles each batch reproducibly; for tests.</summary>
    public int? Seed { get; init; }
}

/// <summary>What becomes of a blocking wait on the loop's thread.</summary>
public enum BlockingCallPolicy
{
    /// <summary>Nothing; debug mode warns all the same.</summary>
    Ignore,

    /// <summary>It is logged, with its stack.</summary>
    Warn,

    /// <summary>It throws <see cref="InvalidOperationException"/> instead of blocking.</summary>
    Throw,
}

/// <summary>What a loop blocks on.</summary>
public enum PollerKind
{
    /// <summary>The best there is here.</summary>
    Auto,

    /// <summary>Linux's epoll.</summary>
    Epoll,

    /// <summary>Everywhere.</summary>
    Portable,
}

/// <summary>A look at a loop.</summary>
/// <param name="ReadyCount">Items in the ready queue, with what is left of the running batch.</param>
/// <param name="WaitingCount">Tasks that wait.</param>
/// <param name="TimerCount">Live timers.</param>
/// <param name="TaskCount">Unfinished tasks.</param>
/// <param name="Turns">Turns of the loop so far.</param>
/// <param name="Steps">Steps so far, eager first ones included.</param>
/// <param name="Polls">Looks at the poller so far.</param>
/// <param name="BusyTime">Time spent running.</param>
/// <param name="IdleTime">Time spent parked.</param>
public readonly record struct LoopStatistics(
    int ReadyCount, int WaitingCount, int TimerCount, int TaskCount, long Turns, long Steps, long Polls, TimeSpan BusyTime, TimeSpan IdleTime);

/// <summary>What an exception handler is told.</summary>
/// <param name="Message">What happened, in words.</param>
/// <param name="Exception">The exception, where there is one.</param>
/// <param name="Awaitable">The task or future that it concerns.</param>
/// <param name="Handle">The callback that it concerns.</param>
/// <param name="CreatedAt">Where that was made; debug mode only.</param>
public sealed record LoopExceptionContext(string Message, Exception? Exception = null, LoopAwaitable? Awaitable = null, Handle? Handle = null, string? CreatedAt = null);
