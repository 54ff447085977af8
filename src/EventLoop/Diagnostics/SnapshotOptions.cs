namespace EventLoop.Diagnostics;

/// <summary>What a snapshot includes.</summary>
public sealed record SnapshotOptions
{
    /// <summary>The most tasks that are listed individually; of more, those that have stood longest are kept. 0: none. <see cref="LoopSnapshot.Bunches"/>
    /// always count all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative (thrown when the snapshot is taken).</exception>
    public int MostTasks { get; init; } = 10_000;

    /// <summary>Lists and bunches only tasks whose name, or a method of whose stack, contains this text, ignoring case; null: all. Counts, cycles and problems
    /// remain those of all tasks.</summary>
    public string? Filter { get; init; }
}
