namespace EventLoop.Orleans;

/// <summary>How a silo works for <see cref="ClusterExecutor"/>s. Values out of range are refused where they are set.</summary>
public sealed class EventLoopWorkerOptions
{
    /// <summary>How many threads compute. Default: null, which is the processors that this process may use.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than one.</exception>
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

    /// <summary>Of the loop that asynchronous work runs on. Default: the defaults.</summary>
    /// <exception cref="ArgumentNullException">It is null.</exception>
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

    /// <summary>Work whose caller has not asked for it for so long is cancelled: nobody is there any more. Default: one minute.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is zero or less.</exception>
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
