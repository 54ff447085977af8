namespace EventLoop.Diagnostics;

/// <summary>One moment of a loop. Plain data: it keeps no task alive, and goes to a file, a tool or another machine as it is.</summary>
/// <remarks>
/// What tasks, waits and scopes have left is <c>Remaining</c>: from this moment on, negative when it is over. Names and texts are cut at 200 characters (and
/// otherwise as they are); at most 64 methods of a stack, the innermost, and 100 tasks of a list of ids, the oldest, are kept.
/// </remarks>
public sealed class LoopSnapshot
{
    private Dictionary<int, TaskSnapshot>? byId;      // made when it is first asked for; any thread may make it

    internal LoopSnapshot()
    {
    }

    /// <summary><see cref="Loop.Id"/>.</summary>
    public int LoopId { get; internal init; }

    /// <summary><see cref="Loop.Name"/>.</summary>
    public string LoopName { get; internal init; } = "";

    /// <summary>The moment, by the loop's clock.</summary>
    public DateTimeOffset TakenAt { get; internal init; }

    /// <summary>The moment in loop time.</summary>
    public TimeSpan LoopTime { get; internal init; }

    /// <summary>Whether it was taken on the loop's thread.</summary>
    public bool IsExact { get; internal init; }

    /// <summary><see cref="Loop.Statistics"/>.</summary>
    public LoopStatistics Statistics { get; internal init; }

    /// <summary>The step that runs now; null between steps, and while the loop sleeps.</summary>
    public StepSnapshot? Running { get; internal init; }

    /// <summary>How many unfinished tasks there were, listed or not.</summary>
    public int TaskCount { get; internal init; }

    /// <summary>How many of them moved so fast that they could not be read, and are nowhere else in this; 0 where it is exact.</summary>
    public int Unread { get; internal init; }

    /// <summary>In creation order.</summary>
    public IReadOnlyList<TaskSnapshot> Tasks { get; internal init; } = [];

    /// <summary>All tasks, put together where status, wait and stack are the same; largest first.</summary>
    public IReadOnlyList<TaskBunch> Bunches { get; internal init; } = [];

    /// <summary>Tasks that wait for one another in a ring, each ring beginning with its oldest.</summary>
    public IReadOnlyList<IReadOnlyList<TaskSnapshot>> Cycles { get; internal init; } = [];

    /// <summary>What has a name and figures, with its peaks: first where most wait, then what holds most; no more than a hundred.</summary>
    public IReadOnlyList<ResourceSnapshot> Resources { get; internal init; } = [];

    /// <summary><see cref="LoopDiagnostics.LastStalls"/>.</summary>
    public IReadOnlyList<StallSnapshot> Stalls { get; internal init; } = [];

    internal IReadOnlyList<Finding> Findings { get; init; } = [];

    /// <summary>The system's number of the thread that runs the loop; zero: none, or it is not known. For the tool, which looks at what
    /// that thread does.</summary>
    internal int Thread { get; init; }

    /// <summary>One of the tasks that are listed.</summary>
    /// <param name="taskId"><see cref="TaskSnapshot.Id"/>.</param>
    /// <returns>Null: not listed, or ended.</returns>
    public TaskSnapshot? Find(int taskId) => (byId ??= Tasks.ToDictionary(static task => task.Id)).GetValueOrDefault(taskId);

    /// <summary>What looks wrong in it, worst first.</summary>
    public IReadOnlyList<Finding> FindProblems() => Findings;

    /// <summary>As <see cref="ToText"/> with a line for each task.</summary>
    public override string ToString() => ToText(SnapshotView.List);

    /// <summary>For people.</summary>
    /// <param name="view">How it is arranged.</param>
    public string ToText(SnapshotView view)
    {
        var text = new StringWriter();
        WriteText(text, view);
        return text.ToString();
    }

    /// <summary>For people. Control characters in names are escaped, lines of more than 200 characters cut.</summary>
    /// <param name="to">Gets the lines.</param>
    /// <param name="view">How it is arranged.</param>
    public void WriteText(TextWriter to, SnapshotView view = SnapshotView.List)
    {
        ArgumentNullException.ThrowIfNull(to);
        new SnapshotText(this, to).Write(view);
    }

    /// <summary>UTF-8, one object on one line; fields are only ever added.</summary>
    /// <param name="to">Gets the bytes.</param>
    /// <remarks>
    /// "v": 1, then the properties of the types here in camelCase. Enum values by name, <see cref="TakenAt"/> as ISO 8601, all other times as seconds with a
    /// fraction; what is null is written as null, cycles are lists of task ids, and what is no valid text in a name is U+FFFD.
    /// </remarks>
    public void WriteJson(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        SnapshotJson.Write(this, to);
    }

    /// <summary>Reads what <see cref="WriteJson"/> has written. Any JSON of that shape, however it is spaced
    /// and escaped; fields that it does not know are skipped.</summary>
    /// <param name="from">Is read to its end.</param>
    /// <exception cref="FormatException">It is no snapshot, or one with a newer "v".</exception>
    public static LoopSnapshot ReadJson(Stream from)
    {
        ArgumentNullException.ThrowIfNull(from);
        return SnapshotJson.Read(from);
    }
}
