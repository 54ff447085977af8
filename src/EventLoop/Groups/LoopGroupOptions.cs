namespace EventLoop;

/// <summary>Options of a <see cref="LoopGroup"/>.</summary>
public sealed record LoopGroupOptions
{
    /// <summary>The number of loops. Default: null, the number of processors that this process may use, a container's limit included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than one.</exception>
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

    /// <summary>The options of each loop, including that of Run, which has the given name; the others are called NAME-0, NAME-1, ...</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
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

    /// <summary>Whether each loop's thread is pinned to a processor of its own (Linux; no effect elsewhere). Default: false.</summary>
    public bool PinThreads { get; init; }

    /// <summary>What the group does when a loop fails. Default: <see cref="LoopFailurePolicy.StopGroup"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a defined policy.</exception>
    public LoopFailurePolicy OnFailure
    {
        get;
        init => field = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(OnFailure), value, "There is no such LoopFailurePolicy.");
    }
}
