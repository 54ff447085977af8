using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>
/// The tasks that a table holds now, to be walked in creation order, as often as wanted. Of very many, an eighth is referenced at a time, and the table is read
/// eight times: a look at a million tasks would leave their references as garbage in the program that is looked at.
/// </summary>
/// <remarks>Any thread. A task that lives throughout is met once; one that is made later is not, or ends the walk.</remarks>
internal sealed class TaskWalk
{
    private const int Many = 1 << 16;
    private const int Parts = 8;
    private const int Sampled = 1 << 10;      // of so many, one is asked for its number

    private readonly TaskTable table;
    private readonly int[] ends;      // the greatest numbers of the parts

    internal TaskWalk(TaskTable table)
    {
        this.table = table;
        int greatest = 0;
        var numbers = new List<int>();
        foreach (var task in table.FromTheEnd())
        {
            greatest = Math.Max(greatest, task.Id);
            if (Count++ % Sampled == 0)
            {
                numbers.Add(task.Id);
            }
        }

        numbers.Sort();
        ends = Count <= Many ? [greatest]
            : [.. Enumerable.Range(1, Parts - 1).Select(part => numbers[numbers.Count * part / Parts]).Append(greatest)];
    }

    /// <summary>How many there were; a few more where tasks moved meanwhile.</summary>
    internal int Count { get; }

    internal IEnumerable<LoopTask> InOrder()
    {
        var part = new Blocks<LoopTask>();
        int above = 0;
        foreach (int end in ends)
        {
            part.Clear();
            table.Collect(part, above, end);
            foreach (var task in TaskTable.InOrder(part))
            {
                yield return task;
            }

            above = end;
        }
    }
}
