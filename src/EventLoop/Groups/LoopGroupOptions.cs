namespace EventLoop;

/// <summary>How a <see cref="LoopGroup"/> is made up.</summary>
public sealed record LoopGroupOptions
{
    /// <summary>How many. Default: null, which is the processors that this process may use, a container's share included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than one.</exception>
    public int? Loops
    {
        get;
        init
        {
            if (value is { } number)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(number, 1, nameof(Loops));
            }

            field = value;
        }
    }

    /// <summary>Of each loop, that of Run included, which has the name that is given here; the others' are NAME-0, NAME-1, ...</summary>
    /// <exception cref="ArgumentNullException">It is null.</exception>
    public LoopOptions Loop
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Loop));
            field = value;
        }
    }

    = new();

    /// <summary>Whether each loop's thread is tied to a processor of its own (Linux; elsewhere it does nothing). Default: false.</summary>
    public bool PinThreads { get; init; }

    /// <summary>What follows from the failure of a loop. Default: <see cref="LoopFailurePolicy.StopGroup"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the policies.</exception>
    public LoopFailurePolicy OnFailure
    {
        get;
        init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(OnFailure), value, "There is no such LoopFailurePolicy.");
    }
}
