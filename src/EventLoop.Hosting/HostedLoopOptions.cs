using Microsoft.Extensions.Logging;

namespace EventLoop.Hosting;

/// <summary>Options of a hosted loop. Bound from the section <c>EventLoop</c> of the configuration (<c>EventLoop:KEY</c> for a keyed loop); what code sets is
/// applied after that.</summary>
/// <remarks>Null means the default of <see cref="LoopOptions"/>. A value that a loop refuses is refused when the loop is made: when the host starts, or when
/// somebody asks for the loop before that.</remarks>
public sealed class HostedLoopOptions
{
    /// <summary>The name in logs, messages and for the thread. Null: "application", or the key of a keyed loop.</summary>
    public string? Name { get; set; }

    /// <inheritdoc cref="LoopOptions.Debug"/>
    public bool? Debug { get; set; }

    /// <inheritdoc cref="LoopOptions.SlowStepThreshold"/>
    public TimeSpan? SlowStepThreshold { get; set; }

    /// <inheritdoc cref="LoopOptions.StuckStepThreshold"/>
    public TimeSpan? StuckStepThreshold { get; set; }

    /// <summary>How long cancelled tasks may take at the loop's end; the host's own limit (<c>HostOptions.ShutdownTimeout</c>) applies as well. Null: 30
    /// s.</summary>
    public TimeSpan? ShutdownTimeout { get; set; }

    /// <inheritdoc cref="LoopOptions.ForeignGrace"/>
    public TimeSpan? ForeignGrace { get; set; }

    /// <inheritdoc cref="LoopOptions.BlockingCalls"/>
    public BlockingCallPolicy? BlockingCalls { get; set; }

    /// <inheritdoc cref="LoopOptions.EagerTasks"/>
    public bool? EagerTasks { get; set; }

    /// <inheritdoc cref="LoopOptions.Poller"/>
    public PollerKind? Poller { get; set; }

    /// <summary>How long the loop may take to respond before its health check fails, because a step has not ended. More than zero. Default: 1 s.</summary>
    public TimeSpan HeartbeatLimit { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Adjusts the loop's options last, for those that cannot be in a configuration: <c>o => o with { IsCancellation = ... }</c>. Null: no
    /// change.</summary>
    public Func<LoopOptions, LoopOptions>? Adjust { get; set; }

    /// <exception cref="ArgumentOutOfRangeException">A value that is the host's and not the loop's is refused.</exception>
    internal void Verify() => ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(HeartbeatLimit, TimeSpan.Zero);

    internal LoopOptions ToLoopOptions(string name, IExecutor executor, ILoggerFactory? loggers)
    {
        Verify();
        var standard = new LoopOptions();
        var options = standard with
        {
            Name = Name ?? name,
            LoggerFactory = loggers,
            DefaultExecutor = executor,
            Debug = Debug,
            SlowStepThreshold = SlowStepThreshold ?? standard.SlowStepThreshold,
            StuckStepThreshold = StuckStepThreshold ?? standard.StuckStepThreshold,
            ShutdownTimeout = ShutdownTimeout ?? standard.ShutdownTimeout,
            ForeignGrace = ForeignGrace ?? standard.ForeignGrace,
            BlockingCalls = BlockingCalls ?? standard.BlockingCalls,
            EagerTasks = EagerTasks ?? standard.EagerTasks,
            Poller = Poller ?? standard.Poller,
        };
        return (Adjust?.Invoke(options) ?? options) with { HandleInterrupt = false };      // signals belong to the host
    }
}
