namespace EventLoop.Diagnostics;

/// <summary>How a snapshot is written as text.</summary>
public enum SnapshotView
{
    /// <summary>One line for each task: <c>ps</c>.</summary>
    List,

    /// <summary>Tasks below the group or task that started them: <c>pstree</c>.</summary>
    ByOwner,

    /// <summary>Tasks below whoever awaits them; a cycle is drawn once and closed by an arrow.</summary>
    ByAwait,

    /// <summary>One line for each bunch, for loops with many similar tasks.</summary>
    Bunches,
}
