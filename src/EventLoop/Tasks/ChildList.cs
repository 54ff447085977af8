using System.Collections;
using EventLoop.Scheduling;

namespace EventLoop.Tasks;

/// <summary>The children of an owner that have not ended, in creation order. Loop thread only.</summary>
internal sealed class ChildList : IReadOnlyCollection<LoopTask>
{
    private IntrusiveList<ChildContext> children;

    public int Count { get; private set; }

    internal void Add(ChildContext child)
    {
        children.Add(child);
        Count++;
    }

    internal void Remove(ChildContext child)
    {
        children.Remove(child);
        Count--;
    }

    /// <summary>While it is enumerated nothing may be added or removed: copy it first.</summary>
    public IEnumerator<LoopTask> GetEnumerator()
    {
        for (var child = children.First; child is not null; child = child.Next)
        {
            yield return child.Task;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
