namespace EventLoop.Orleans;

/// <summary>How a <see cref="ClusterExecutor"/> works. Values out of range are refused where they are set; null is "no limit".</summary>
public sealed record ClusterExecutorOptions
{
    /// <summary>How much may be under way at once, a chunk counting as one; beyond it Run waits. Default: 256.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than one.</exception>
    public int MaxInFlight
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, nameof(MaxInFlight));
            field = value;
        }
    }

    = 256;

    /// <summary>For one piece of work (or one chunk), from its beginning on the silo: then <see cref="TimeoutException"/>. Default: null.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is zero or less.</exception>
    public TimeSpan? TaskTimeout
    {
        get;
        init
        {
            if (value is { } time)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, nameof(TaskTimeout));
            }

            field = value;
        }
    }

    /// <summary>
    /// How long work that timed out or was cancelled may continue, its token cancelled, before its silo gives it up:
    /// another thread takes the place of the one that it keeps. Default: one second.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan CancelGrace
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, nameof(CancelGrace));
            field = value;
        }
    }

    = TimeSpan.FromSeconds(1);

    /// <summary>For what is not raw: byte[], string, unmanaged types and arrays of them travel as they are. Made anew on the silo, so it has a public
    /// constructor without parameters. Default: null, which is System.Text.Json, with fields.</summary>
    /// <exception cref="ArgumentException">Its type has no such constructor.</exception>
    public IWorkSerializer? Serializer
    {
        get;
        init
        {
            if (value is not null && value.GetType() != typeof(JsonWorkSerializer) && value.GetType().GetConstructor(Type.EmptyTypes) is null)
            {
                throw new ArgumentException($"{value.GetType()} has no public constructor without parameters, so no silo could make it.", nameof(Serializer));
            }

            field = value;
        }
    }
}
