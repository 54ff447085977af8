namespace EventLoop.Diagnostics;

/// <summary>Which names a recording that is sent while it is made still needs: those of tasks that nobody has named go without saying, and of the others what
/// is remembered are those that live. On the thread of the request.</summary>
/// <param name="loop">The loop.</param>
/// <param name="ring">The recording's own: it has names of no tasks but those that its records mention.</param>
internal sealed class NamesToSend(Loop loop, RecordRing ring)
{
    private const int Few = 1024;

    private readonly HashSet<int> sent = [];
    private long next;

    /// <summary>How many tasks it remembers.</summary>
    internal int Count => sent.Count;

    /// <summary>Takes those that were not taken before, of all tasks that records mention which were copied earlier.</summary>
    /// <param name="labels">The texts of marks.</param>
    internal Dictionary<int, string> Take(out Dictionary<int, string> labels)
    {
        var living = new List<(int Task, string Name)>();      // before those that have ended: each task is among the one or the other
        int all = 0;
        foreach (var task in loop.Core.Tasks.Walk().InOrder())
        {
            all++;
            if (task.KnownName is { } name && !sent.Contains(task.Id))
            {
                living.Add((task.Id, name));
            }
        }

        ring.CopyNames(ref next, out var names, out labels);
        foreach (int ended in names.Keys)
        {
            if (sent.Contains(ended))
            {
                names.Remove(ended);
            }
        }

        foreach (var (task, name) in living)
        {
            names.TryAdd(task, name);
            sent.Add(task);
        }

        if (sent.Count > (2 * all) + Few)
        {
            sent.IntersectWith(loop.Core.Tasks.Walk().InOrder().Select(static task => task.Id));
        }

        return names;
    }
}
