using Orleans;

namespace EventLoop.Orleans.Grains;

/// <summary>One piece of work, or a chunk of them, on its way to a silo.</summary>
[GenerateSerializer, Immutable, Alias("EventLoop.WorkRequest")]
internal sealed class WorkRequest
{
    /// <summary>The number of the function, for silos that know it already.</summary>
    [Id(0)]
    public Guid Function { get; init; }

    /// <summary>The function's name; null: the silo may know it, and asks otherwise.</summary>
    [Id(1)]
    public WorkFunctionName? Name { get; init; }

    /// <summary>The argument; those of a chunk are each preceded by their length.</summary>
    [Id(2)]
    public ReadOnlyMemory<byte> Argument { get; init; }

    [Id(3)]
    public bool IsChunk { get; init; }

    [Id(4)]
    public TimeSpan? TimeLimit { get; init; }

    [Id(5)]
    public TimeSpan CancelGrace { get; init; }

    [Id(6)]
    public string? IdempotencyKey { get; init; }

    [Id(7)]
    public int Attempt { get; init; }

    /// <summary>Who receives progress reports; null: nobody.</summary>
    [Id(8)]
    public IProgressObserver? Progress { get; init; }

    /// <summary>The serializer's type; null: the default.</summary>
    [Id(9)]
    public string? Serializer { get; init; }

    /// <summary>A number that the key ends in; for a chunk that of its first argument, and the others count on. Null: none.</summary>
    [Id(10)]
    public long? KeyFrom { get; init; }

    /// <summary>The key of this argument of a chunk, or of the only one; null: it is not retried.</summary>
    internal string? KeyOf(int index) => KeyFrom is { } from && IdempotencyKey is { } key ? $"{key}-{from + index}" : IdempotencyKey;
}
