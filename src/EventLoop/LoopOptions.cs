using Microsoft.Extensions.Logging;

namespace EventLoop;

/// <summary>How a loop is to be. Values outside of a member's range are refused where they are set.</summary>
public sealed record LoopOptions
{
    /// <summary>For logs and messages. Default: null, which is "loop-1", "loop-2", ...</summary>
    public string? Name { get; init; }

    /// <summary>Where loop time comes from. Another one than the system's also wakes the loop, through its own timers. Default:
    /// <see cref="TimeProvider.System"/>.</summary>
    /// <remarks>What it throws fails the operation that asks for the time; the loop itself reports it and goes by the system's time meanwhile.</remarks>
    /// <exception cref="ArgumentNullException">It is null.</exception>
    public TimeProvider TimeProvider
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(TimeProvider));
            field = value;
        }
    }

    = TimeProvider.System;

    /// <summary>Who makes the loop's logger. Default: null; what has to be said then goes to standard
    /// error; so does what a logger throws at, with that.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Debug mode. Default: null, which is as the environment variable EVENTLOOP_DEBUG says ("1" or "true"; off without it).</summary>
    public bool? Debug { get; init; }

    /// <summary>In debug mode a step that takes longer is logged. Zero or more. Default: 100 ms. asyncio: <c>slow_callback_duration</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan SlowStepThreshold
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, nameof(SlowStepThreshold));
            field = value;
        }
    }

    = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// In debug mode a step that has run for so long and has not ended is logged meanwhile, once, by another thread: an endless one would never be logged
    /// otherwise. More than zero, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>: never. Default: 1 s.
    /// </summary>
    /// <remarks>By the system's time, whatever the <see cref="TimeProvider"/> is. Not while a debugger is attached.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is zero, or negative and not infinite.</exception>
    public TimeSpan StuckStepThreshold
    {
        get;
        init
        {
            if (value != System.Threading.Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero, nameof(StuckStepThreshold));
            }

            field = value;
        }
    }

    = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a run waits, at its end, for cancelled tasks, and then as long for the executor that the loop made. Zero or more, or
    /// <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>; more than some 24 days are infinite. Default: 30 s.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative and not infinite.</exception>
    public TimeSpan ShutdownTimeout
    {
        get;
        init => field = Patience(value, nameof(ShutdownTimeout));
    }

    = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a cancelled wait for a .NET task continues where the task's or scope's token was handed out, so that work which heeds the token can end by
    /// itself. Zero or more, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>: such a wait is never abandoned. Default: 5 s of loop time.
    /// </summary>
    /// <remarks>Where nobody was given a token, the wait ends at once in any case.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is negative and not infinite.</exception>
    public TimeSpan ForeignGrace
    {
        get;
        init => field = Patience(value, nameof(ForeignGrace));
    }

    = TimeSpan.FromSeconds(5);

    /// <summary>Which exceptions count as cancellations, beside <see cref="OperationCanceledException"/>: gRPC's <c>RpcException</c> with the status Cancelled,
    /// for one. Default: null; no others.</summary>
    /// <remarks>
    /// It is asked about what leaves a task, scope, timeout or group that was cancelled, and never before that; it
    /// runs on the loop's thread. What it throws is reported, and counts as "no".
    /// </remarks>
    public Func<Exception, bool>? IsCancellation { get; init; }

    /// <summary>What becomes of a blocking wait (<c>Task.Wait</c>, a wait handle) on the loop's thread; a lock, or what .NET's own code waits for inside
    /// another call, only if it lasts for a tenth of a second. Default: <see cref="BlockingCallPolicy.Ignore"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the policies.</exception>
    public BlockingCallPolicy BlockingCalls
    {
        get;
        init => field = Known(value, nameof(BlockingCalls));
    }

    /// <summary>
    /// Whether Ctrl-C and SIGTERM are handled: the first cancels main and says where that waits, the second ends the run, the third is the system's. Only for
    /// <c>Loop.Run</c>, <c>Loop.RunMain</c> and <see cref="LoopRunner"/>. False: signals are the program's. Default: true.
    /// </summary>
    public bool HandleInterrupt { get; init; } = true;

    /// <summary>Whether new tasks take their first step inside the call that creates them. Default: false. asyncio: <c>eager_task_factory</c>.</summary>
    public bool EagerTasks { get; init; }

    /// <summary>Where <c>ToThread</c> runs; whoever made it disposes it. Default: null, which is the thread pool, by an executor of the loop's own.</summary>
    public IExecutor? DefaultExecutor { get; init; }

    /// <summary>What the loop blocks on. Default: <see cref="PollerKind.Auto"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the kinds.</exception>
    public PollerKind Poller
    {
        get;
        init => field = Known(value, nameof(Poller));
    }

    /// <summary>Shuffles each batch reproducibly; for tests. Any number. Default: null; the order is first in, first out.</summary>
    public int? Seed { get; init; }

    /// <summary>With times that timers take.</summary>
    internal LoopOptions ForTimers() =>
        ShutdownTimeout.TotalMilliseconds > int.MaxValue ? this with { ShutdownTimeout = System.Threading.Timeout.InfiniteTimeSpan } : this;

    private static TimeSpan Patience(TimeSpan value, string member)
    {
        if (value != System.Threading.Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, member);
        }

        return value;
    }

    private static TEnum Known<TEnum>(TEnum value, string member)
        where TEnum : struct, Enum =>
        Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(member, value, $"There is no such {typeof(TEnum).Name}.");
}
