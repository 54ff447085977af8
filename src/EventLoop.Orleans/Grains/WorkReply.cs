using EventLoop.Executors.Work;
using Orleans;

namespace EventLoop.Orleans.Grains;

internal enum WorkReplyKind
{
    Result,
    Failure,
    Canceled,
    TimedOut,

    /// <summary>The silo does not know the function by its number: call again, with its name.</summary>
    NeedsName,

    /// <summary>It does not have the function, or has another version of it.</summary>
    Refused,

    /// <summary>It takes long; ask the ticket for the rest.</summary>
    Running,

    /// <summary>The silo that ran it is gone.</summary>
    Lost,
}

/// <summary>The response of a silo.</summary>
[GenerateSerializer, Immutable, Alias("EventLoop.WorkReply")]
internal sealed class WorkReply
{
    internal static readonly WorkReply NeedsName = new() { Kind = WorkReplyKind.NeedsName };

    internal static readonly WorkReply Lost = new() { Kind = WorkReplyKind.Lost };

    [Id(0)]
    public WorkReplyKind Kind { get; init; }

    /// <summary>The result; for a chunk each result is preceded by a mark and its length.</summary>
    [Id(1)]
    public ReadOnlyMemory<byte> Bytes { get; init; }

    [Id(2)]
    public string? TypeName { get; init; }

    [Id(3)]
    public string? FullName { get; init; }

    [Id(4)]
    public string? Message { get; init; }

    [Id(5)]
    public string? Stack { get; init; }

    [Id(6)]
    public Guid Ticket { get; init; }

    [Id(7)]
    public long QueueTicks { get; init; }

    [Id(8)]
    public long WorkTicks { get; init; }

    /// <summary>The silo where it ran.</summary>
    [Id(9)]
    public string? Silo { get; init; }

    internal static WorkReply Of(WorkFailure failure, WorkReplyKind kind, string silo) => new()
    {
        Kind = kind,
        TypeName = failure.TypeName,
        FullName = failure.FullName,
        Message = failure.Message,
        Stack = failure.Stack,
        Silo = silo,
    };

    internal Exception ToException() => new WorkFailure(TypeName!, FullName!, Message!, Stack!, Kind == WorkReplyKind.Canceled).ToException();
}
