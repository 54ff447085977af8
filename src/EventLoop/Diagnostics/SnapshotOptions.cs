namespace EventLoop.Diagnostics;

/// <summary>What a snapshot lists.</summary>
public sealed record SnapshotOptions
{
    /// <summary>So many tasks one by one: of more, those that have stood longest are kept. 0: none.
    /// <see cref="LoopSnapshot.Bunches"/> count them all whatever it is.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative (thrown by the snapshot).</exception>
    public int MostTasks { get; init; } = 10_000;

    /// <summary>Lists and bunches only tasks whose name, or a method of whose stack, contains it, in whatever case;
    /// null: all. Counts, cycles and problems stay those of all tasks.</summary>
    public string? Filter { get; init; }
}
