using EventLoop.Scheduling;
using Microsoft.Extensions.Logging;

namespace EventLoop;

/// <summary>Options of a loop. Values outside a member's range are refused where they are set.</summary>
public sealed record LoopOptions
{
    /// <summary>The name in logs and messages. Default: null, which gives "loop-1", "loop-2", ...</summary>
    public string? Name
    {
        get;
        init
        {
            field = value;
            HasMadeName = false;
        }
    }

    /// <summary>Whether the name was made from that of another loop, which nobody named either. To be set after the name.</summary>
    internal bool HasMadeName { get; init; }

    /// <summary>Where loop time comes from. A provider other than the system's also wakes the loop, through its own timers. Default:
    /// <see cref="TimeProvider.System"/>.</summary>
    /// <remarks>An exception of the provider fails the operation that asks for the time; the loop itself reports it and uses the system's time
    /// meanwhile.</remarks>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
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

    /// <summary>Makes the loop's logger. Default: null; messages then go to standard error, as do those at which a logger throws, together with what it
    /// threw.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Whether debug mode is on. Default: null, which means as the environment variable EVENTLOOP_DEBUG says ("1" or "true"; off without
    /// it).</summary>
    public bool? Debug { get; init; }

    /// <summary>In debug mode a step that takes longer than this is logged. Zero or more. Default: 100 ms. asyncio: <c>slow_callback_duration</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
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
    /// In debug mode a step that has run this long without ending is logged once, by another thread, while it still runs: an endless step would otherwise
    /// never be logged. More than zero, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> for never. Default: 1 s.
    /// </summary>
    /// <remarks>Measured in the system's time, whatever the <see cref="TimeProvider"/>. Off while a debugger is attached.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, or negative and not infinite.</exception>
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
    /// How long a run waits, at its end, for cancelled tasks, and then for the executor that the loop made, up to this long for each. Zero or more, or
    /// <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>; more than about 24 days counts as infinite. Default: 30 s.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative and not infinite.</exception>
    public TimeSpan ShutdownTimeout
    {
        get;
        init => field = Patience(value, nameof(ShutdownTimeout));
    }

    = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a cancelled wait for a .NET task continues where the task's or scope's token was handed out, so that work that observes the token can end by
    /// itself. Zero or more, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>: such a wait is never abandoned. Default: 5 s of loop time.
    /// </summary>
    /// <remarks>Where nobody was given a token, the wait ends at once.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative and not infinite.</exception>
    public TimeSpan ForeignGrace
    {
        get;
        init => field = Patience(value, nameof(ForeignGrace));
    }

    = TimeSpan.FromSeconds(5);

    /// <summary>Which exceptions count as cancellations besides <see cref="OperationCanceledException"/>; for example gRPC's <c>RpcException</c> with the
    /// status Cancelled. Default: null, no others.</summary>
    /// <remarks>
    /// It is asked only about exceptions that leave a task, scope, timeout or group that was cancelled; it runs on the loop's thread. If it throws, that is
    /// reported and counts as "no".
    /// </remarks>
    public Func<Exception, bool>? IsCancellation { get; init; }

    /// <summary>What the loop does about a blocking wait (<c>Task.Wait</c>, a wait handle) on its thread; a lock, or a wait of .NET's own code inside another
    /// call, counts only if it lasts a tenth of a second. Default: <see cref="BlockingCallPolicy.Ignore"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a defined policy.</exception>
    public BlockingCallPolicy BlockingCalls
    {
        get;
        init => field = Known(value, nameof(BlockingCalls));
    }

    /// <summary>
    /// Whether Ctrl-C and SIGTERM are handled: the first cancels main and says where main waits, the second ends the run, the third has the system's default
    /// effect. Only for <c>Loop.Run</c>, <c>Loop.RunMain</c> and <see cref="LoopRunner"/>. False leaves signals to the program. Default: true.
    /// </summary>
    public bool HandleInterrupt { get; init; } = true;

    /// <summary>Whether new tasks take their first step inside the call that creates them. Default: false. asyncio: <c>eager_task_factory</c>.</summary>
    public bool EagerTasks { get; init; }

    /// <summary>Where <c>ToThread</c> runs; whoever made the executor disposes it. Default: null, the thread pool, through an executor of the loop's
    /// own.</summary>
    public IExecutor? DefaultExecutor { get; init; }

    /// <summary>Which poller the loop blocks on. Default: <see cref="PollerKind.Auto"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a defined kind.</exception>
    public PollerKind Poller
    {
        get;
        init => field = Known(value, nameof(Poller));
    }

    /// <summary>Shuffles each batch reproducibly, for tests. Any number. Default: null; the order is first in, first out.</summary>
    public int? Seed { get; init; }

    /// <summary>A copy whose times are limited to those that timers accept.</summary>
    internal LoopOptions ForTimers()
    {
        var limited = SystemWait.Limit(ShutdownTimeout);
        return limited == ShutdownTimeout ? this : this with { ShutdownTimeout = limited };
    }

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
