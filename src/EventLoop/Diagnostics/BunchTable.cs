namespace EventLoop.Diagnostics;

/// <summary>Groups tasks that have the same status, wait and stack.</summary>
internal sealed class BunchTable
{
    private const int MostExamples = 10;

    private readonly Dictionary<Key, Bunch> bunches = [];

    /// <summary>Those of tasks that were read before: what differs from wait to wait is not known any more, so that equal ones have the same words.</summary>
    internal static List<TaskBunch> Of(IEnumerable<TaskSnapshot> tasks)
    {
        var table = new BunchTable();
        var stacks = new StackTable();
        foreach (var task in tasks)
        {
            var wait = task.Waits.Count > 0 && task.Status == LoopTaskStatus.Waiting ? task.Waits[0] : null;
            table.Add(task.Id, task.Status, task.InStatus, wait?.Kind, wait?.Text, null, wait?.Text, stacks.Intern([.. task.Stack]));
        }

        return table.ToList();
    }

    internal void Add(int task, LoopTaskStatus status, TimeSpan inStatus, WaitKind? wait, string? gist, string? name, string? text, string[] stack)
    {
        var key = new Key(status, wait, gist, name, stack);
        if (!bunches.TryGetValue(key, out var bunch))
        {
            bunches[key] = bunch = new Bunch { Text = text, First = task };
        }

        bunch.Count++;
        if (!string.Equals(bunch.Text, text, StringComparison.Ordinal))
        {
            bunch.Text = name is null || gist is null ? gist : $"{gist} '{name}'";
        }

        if (inStatus > bunch.Oldest)
        {
            bunch.Oldest = inStatus;
        }

        bunch.Examples.Enqueue((task, inStatus), (inStatus, -task));
        if (bunch.Examples.Count > MostExamples)
        {
            bunch.Examples.Dequeue();
        }
    }

    internal List<TaskBunch> ToList() =>
    [
        .. bunches
            .OrderByDescending(static bunch => bunch.Value.Count).ThenBy(static bunch => bunch.Value.First)
            .Select(static bunch => new TaskBunch(
                bunch.Value.Count, bunch.Key.Status, bunch.Key.Wait, bunch.Value.Text, bunch.Key.Stack, bunch.Value.Oldest, bunch.Value.OldestFirst())),
    ];

    // Stacks are interned: equal ones are the same array.
    private readonly record struct Key(LoopTaskStatus Status, WaitKind? Wait, string? Gist, string? Name, string[] Stack);

    private sealed class Bunch
    {
        internal int Count;
        internal int First;
        internal string? Text;
        internal TimeSpan Oldest;
        internal readonly PriorityQueue<(int Task, TimeSpan For), (TimeSpan For, int Age)> Examples = new();

        internal int[] OldestFirst() =>
            [.. Examples.UnorderedItems.OrderByDescending(static one =>
                one.Element.For).ThenBy(static one => one.Element.Task).Select(static one => one.Element.Task)];
    }
}
