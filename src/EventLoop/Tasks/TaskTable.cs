namespace EventLoop.Tasks;

/// <summary>
/// The unfinished tasks, held strongly, in an array that is dense: the last one takes the place of one that ends. Loop thread only, but for
/// <see cref="Snapshot"/>, which any thread may ask and which is as good as a moment in a running program can be.
/// </summary>
internal sealed class TaskTable
{
    private const int SmallestSize = 16;

    private LoopTask?[] tasks = new LoopTask?[SmallestSize];
    private int count;

    internal int Count => Volatile.Read(ref count);

    internal void Add(LoopTask task)
    {
        if (count == tasks.Length)
        {
            Array.Resize(ref tasks, count * 2);
        }

        task.TableSlot = count;
        tasks[count++] = task;
    }

    internal void Remove(LoopTask task)
    {
        int slot = task.TableSlot;
        var last = tasks[--count]!;
        last.TableSlot = slot;
        tasks[slot] = last;
        tasks[count] = null;
        if (tasks.Length > SmallestSize && count < tasks.Length / 8)
        {
            Array.Resize(ref tasks, tasks.Length / 4);
        }
    }

    /// <summary>In creation order.</summary>
    internal List<LoopTask> Snapshot()
    {
        var seen = Volatile.Read(ref tasks);
        var snapshot = new List<LoopTask>(Math.Min(Count, seen.Length));
        foreach (var task in seen)
        {
            if (task is { IsCompleted: false })
            {
                snapshot.Add(task);
            }
        }

        snapshot.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        return snapshot;
    }
}
