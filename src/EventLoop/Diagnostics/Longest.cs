using EventLoop.Scheduling;

namespace EventLoop.Diagnostics;

/// <summary>Selects those of many tasks that have stood for the longest time, the oldest among equals. The one that has stood for the shortest time makes
/// room.</summary>
internal sealed class Longest(int most)
{
    private readonly Blocks<(LoopTask Task, TimeSpan For)> heap = new();      // the least first

    internal void Add(LoopTask task, TimeSpan inStatus)
    {
        if (heap.Count < most)
        {
            heap.Add((task, inStatus));
            RiseFrom(heap.Count - 1);
        }
        else if (most > 0 && IsLess(heap[0], (task, inStatus)))
        {
            heap[0] = (task, inStatus);
            SinkFromTop();
        }
    }

    /// <summary>In creation order.</summary>
    internal IEnumerable<LoopTask> Take()
    {
        heap.SortBlocks(static (a, b) => a.Task.Id.CompareTo(b.Task.Id));
        return heap.Merge(static one => one.Task.Id).Select(static one => one.Task);
    }

    private static bool IsLess((LoopTask Task, TimeSpan For) a, (LoopTask Task, TimeSpan For) b) =>
        a.For != b.For ? a.For < b.For : a.Task.Id > b.Task.Id;

    private void RiseFrom(int at)
    {
        for (int parent = (at - 1) / 2; at > 0 && IsLess(heap[at], heap[parent]); at = parent, parent = (at - 1) / 2)
        {
            Swap(at, parent);
        }
    }

    private void SinkFromTop()
    {
        for (int at = 0; ;)
        {
            int least = at;
            for (int child = (2 * at) + 1; child <= (2 * at) + 2 && child < heap.Count; child++)
            {
                least = IsLess(heap[child], heap[least]) ? child : least;
            }

            if (least == at)
            {
                return;
            }

            Swap(at, least);
            at = least;
        }
    }

    private void Swap(int a, int b) => (heap[a], heap[b]) = (heap[b], heap[a]);
}
