namespace EventLoop.Orleans;

/// <summary>Options of a <see cref="ClusterExecutor"/>. Values out of range are refused where they are set; null means "no limit".</summary>
public sealed record ClusterExecutorOptions
{
    /// <summary>How much work may be in flight at the same time, where a chunk counts as one; beyond that Run waits. Default: 256.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than one.</exception>
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

    /// <summary>The limit for one piece of work (or one chunk), from its beginning on the silo: beyond it the waiter gets <see cref="TimeoutException"/>.
    /// Default: null.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero or less.</exception>
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
    /// How long work that timed out or was cancelled may continue, with its token cancelled, before its silo gives it up: another thread takes the place of
    /// the one that it holds. Default: one second.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
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

    /// <summary>Serializes what is not raw: byte[], string, unmanaged types and arrays of them are sent as they are. A new instance is made on the silo, so it
    /// needs a public constructor without parameters; a <see cref="JsonWorkSerializer"/> with options is a class of yours that passes them to the base.
    /// Default: null, System.Text.Json with fields.</summary>
    /// <exception cref="ArgumentException">Its type has no such constructor, or it is a <see cref="JsonWorkSerializer"/> itself with options.</exception>
    public IWorkSerializer? Serializer
    {
        get;
        init
        {
            JsonWorkSerializer.RefuseOptions(value, nameof(Serializer));
            if (value is not null && value.GetType() != typeof(JsonWorkSerializer) && value.GetType().GetConstructor(Type.EmptyTypes) is null)
            {
                throw new ArgumentException($"{value.GetType()} has no public constructor without parameters, so no silo could make it.", nameof(Serializer));
            }

            field = value;
        }
    }
}
