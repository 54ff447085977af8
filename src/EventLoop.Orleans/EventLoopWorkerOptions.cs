namespace EventLoop.Orleans;

/// <summary>Options of a silo's work for <see cref="ClusterExecutor"/>s. Values out of range are refused where they are set.</summary>
public sealed class EventLoopWorkerOptions
{
    /// <summary>How many threads compute. Default: null, the number of processors that this process may use.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than one.</exception>
    public int? Workers
    {
        get;
        set
        {
            if (value is { } number)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(number, 1, nameof(Workers));
            }

            field = value;
        }
    }

    /// <summary>Options of the loop on which asynchronous work runs.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public LoopOptions Loop
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Loop));
            field = value;
        }
    }

    = new() { Name = "silo-work" };

    /// <summary>How long work may go without its caller asking for it before it is cancelled, because nobody is there any more. Default: one minute.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero or less.</exception>
    public TimeSpan AbandonedAfter
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero, nameof(AbandonedAfter));
            field = value;
        }
    }

    = TimeSpan.FromMinutes(1);

    /// <summary>Runs once on the silo before the first work. Default: null.</summary>
    public Action? Initializer { get; set; }
}
