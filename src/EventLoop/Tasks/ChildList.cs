using System.Collections;

namespace EventLoop.Tasks;

/// <summary>The children of an owner that have not ended, in creation order: an intrusive list. Loop thread only.</summary>
internal sealed class ChildList : IReadOnlyCollection<LoopTask>
{
    private ChildContext? first;
    private ChildContext? last;

    public int Count { get; private set; }

    internal void Add(ChildContext child)
    {
        child.Before = last;
        if (last is null)
        {
            first = child;
        }
        else
        {
            last.After = child;
        }

        last = child;
        Count++;
    }

    internal void Remove(ChildContext child)
    {
        if (child.Before is { } before)
        {
            before.After = child.After;
        }
        else
        {
            first = child.After;
        }

        if (child.After is { } after)
        {
            after.Before = child.Before;
        }
        else
        {
            last = child.Before;
        }

        child.Before = null;
        child.After = null;
        Count--;
    }

    /// <summary>While it is enumerated nothing may be added or removed: copy it first.</summary>
    public IEnumerator<LoopTask> GetEnumerator()
    {
        for (var child = first; child is not null; child = child.After)
        {
            yield return child.Task;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
