namespace EventLoop.Diagnostics;

/// <summary>The state of a loop at one moment. Plain data: it keeps no task alive, and can be sent to a file, a tool or another machine.</summary>
/// <remarks>
/// The time that tasks, waits and scopes have left is <c>Remaining</c>: counted from this moment, negative when it has passed. Names and texts are cut at 200
/// characters and otherwise unchanged; of a stack at most the innermost 64 methods, and of a list of ids the oldest 100 tasks, are kept.
/// </remarks>
public sealed class LoopSnapshot
{
    private Dictionary<int, TaskSnapshot>? byId;      // made on demand, by any thread

    internal LoopSnapshot()
    {
    }

    /// <summary><see cref="Loop.Id"/>.</summary>
    public int LoopId { get; internal init; }

    /// <summary><see cref="Loop.Name"/>.</summary>
    public string LoopName { get; internal init; } = "";

    /// <summary>The moment on the loop's clock.</summary>
    public DateTimeOffset TakenAt { get; internal init; }

    /// <summary>The moment in loop time.</summary>
    public TimeSpan LoopTime { get; internal init; }

    /// <summary>Whether it was taken on the loop's thread.</summary>
    public bool IsExact { get; internal init; }

    /// <summary><see cref="Loop.Statistics"/>.</summary>
    public LoopStatistics Statistics { get; internal init; }

    /// <summary>The running step; null between steps, and while the loop sleeps.</summary>
    public StepSnapshot? Running { get; internal init; }

    /// <summary>How many unfinished tasks there were, listed or not.</summary>
    public int TaskCount { get; internal init; }

    /// <summary>How many of them changed so fast that they could not be read, and are not included elsewhere; 0 if the snapshot is exact.</summary>
    public int Unread { get; internal init; }

    /// <summary>In creation order.</summary>
    public IReadOnlyList<TaskSnapshot> Tasks { get; internal init; } = [];

    /// <summary>All tasks, grouped by status, wait and stack; largest group first.</summary>
    public IReadOnlyList<TaskBunch> Bunches { get; internal init; } = [];

    /// <summary>Tasks that wait for one another in a cycle; each cycle begins with its oldest task.</summary>
    public IReadOnlyList<IReadOnlyList<TaskSnapshot>> Cycles { get; internal init; } = [];

    /// <summary>What has a name and figures, with its peaks: first where most wait, then what holds most; no more than a hundred.</summary>
    public IReadOnlyList<ResourceSnapshot> Resources { get; internal init; } = [];

    /// <summary><see cref="LoopDiagnostics.LastStalls"/>.</summary>
    public IReadOnlyList<StallSnapshot> Stalls { get; internal init; } = [];

    internal IReadOnlyList<Finding> Findings { get; init; } = [];

    /// <summary>How late the loop was since the tool looked last; null: nobody measures it.</summary>
    internal LoopDelay? Delay { get; init; }

    /// <summary>The system's number of the thread that runs the loop; zero: none, or unknown. For the tool, which inspects that thread.</summary>
    internal int Thread { get; init; }

    /// <summary>How long ago the loop looked at its clock: the running step has not lasted longer. Null: an older library does not say.</summary>
    internal TimeSpan? SinceLook { get; init; }

    /// <summary>Whether the loop ran, and was not between two runs.</summary>
    internal bool IsRunning { get; init; } = true;

    /// <summary>Finds one of the listed tasks.</summary>
    /// <param name="taskId"><see cref="TaskSnapshot.Id"/>.</param>
    /// <returns>The task; null: not listed, or ended.</returns>
    public TaskSnapshot? Find(int taskId) => (byId ??= Tasks.DistinctBy(static task => task.Id).ToDictionary(static task => task.Id)).GetValueOrDefault(taskId);

    /// <summary>The same with some of its tasks only; figures, cycles and problems remain those of all.</summary>
    /// <param name="filter"><see cref="SnapshotOptions.Filter"/>.</param>
    /// <param name="most"><see cref="SnapshotOptions.MostTasks"/>.</param>
    internal LoopSnapshot Only(string? filter, int most)
    {
        var passing = filter is null ? Tasks : [.. Tasks.Where(task => task.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)
            || task.Stack.Any(method => method.Contains(filter, StringComparison.OrdinalIgnoreCase)))];
        return new LoopSnapshot
        {
            LoopId = LoopId,
            LoopName = LoopName,
            TakenAt = TakenAt,
            LoopTime = LoopTime,
            IsExact = IsExact,
            Statistics = Statistics,
            Running = Running,
            TaskCount = TaskCount,
            Unread = Unread,
            Thread = Thread,
            SinceLook = SinceLook,
            IsRunning = IsRunning,
            Delay = Delay,
            Tasks = passing.Count <= most ? passing : [.. passing.Where(Oldest(passing, most).Contains)],
            Bunches = filter is null ? Bunches : BunchTable.Of(passing),
            Cycles = Cycles,
            Resources = Resources,
            Stalls = Stalls,
            Findings = Findings,
        };
    }

    private static HashSet<TaskSnapshot> Oldest(IReadOnlyList<TaskSnapshot> tasks, int most) =>
        [.. tasks.OrderByDescending(static task => task.InStatus).Take(most)];

    /// <summary>Returns what looks wrong in it, worst first.</summary>
    public IReadOnlyList<Finding> FindProblems() => Findings;

    /// <summary>The same as <see cref="ToText"/> with one line for each task.</summary>
    public override string ToString() => ToText(SnapshotView.List);

    /// <summary>Returns it as text for people.</summary>
    /// <param name="view">How it is arranged.</param>
    public string ToText(SnapshotView view)
    {
        var text = new StringWriter();
        WriteText(text, view);
        return text.ToString();
    }

    /// <summary>Writes it as text for people. Control characters in names are escaped, lines of more than 200 characters cut.</summary>
    /// <param name="to">Receives the lines.</param>
    /// <param name="view">How it is arranged.</param>
    public void WriteText(TextWriter to, SnapshotView view = SnapshotView.List)
    {
        ArgumentNullException.ThrowIfNull(to);
        new SnapshotText(this, to).Write(view);
    }

    /// <summary>Writes it as JSON: UTF-8, one object on one line; fields are only ever added.</summary>
    /// <param name="to">Receives the bytes.</param>
    /// <remarks>
    /// "v": 1, then the properties of the types here in camelCase. Enum values by name, <see cref="TakenAt"/> as ISO 8601, all other times as seconds with a
    /// fraction; null is written as null, cycles are lists of task ids, and invalid text in a name becomes U+FFFD.
    /// </remarks>
    public void WriteJson(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        SnapshotJson.Write(this, to);
    }

    /// <summary>Reads what <see cref="WriteJson"/> has written; any JSON of that shape, however it is spaced and escaped. Unknown fields are
    /// skipped.</summary>
    /// <param name="from">Read to its end.</param>
    /// <exception cref="FormatException">It is not a snapshot, or has a newer "v".</exception>
    public static LoopSnapshot ReadJson(Stream from)
    {
        ArgumentNullException.ThrowIfNull(from);
        return SnapshotJson.Read(from);
    }
}
