namespace EventLoop.Diagnostics;

/// <summary>The names of tasks that have ended, in the order of their ends: a reader who comes again is told only those that are new. Whoever uses it locks
/// it.</summary>
internal sealed class EndedNames
{
    private const int Few = 16;

    private (int Task, string Name, long Position)[] entries = [];      // a ring
    private int first;
    private int count;

    /// <summary>How many there have been so far, dropped or not.</summary>
    internal long Added { get; private set; }

    /// <param name="task">The task.</param>
    /// <param name="name">Its name.</param>
    /// <param name="position">That of the first record which cannot mention it.</param>
    internal void Add(int task, string name, long position)
    {
        if (count == entries.Length)
        {
            Grow();
        }

        entries[(first + count) & (entries.Length - 1)] = (task, name, position);
        count++;
        Added++;
    }

    /// <summary>Drops those that no record from a position on mentions.</summary>
    internal void DropBefore(long position)
    {
        while (count > 0 && entries[first].Position < position)
        {
            entries[first] = default;
            first = (first + 1) & (entries.Length - 1);
            count--;
        }
    }

    /// <param name="to">Receives them.</param>
    /// <param name="from"><see cref="Added"/> as it was when the reader came last; afterwards as it is now.</param>
    internal void CopyTo(Dictionary<int, string> to, ref long from)
    {
        long dropped = Added - count;
        for (long i = Math.Max(from, dropped) - dropped; i < count; i++)
        {
            var (task, name, _) = entries[(first + (int)i) & (entries.Length - 1)];
            to[task] = name;
        }

        from = Added;
    }

    private void Grow()
    {
        var larger = new (int, string, long)[Math.Max(Few, entries.Length * 2)];
        for (int i = 0; i < count; i++)
        {
            larger[i] = entries[(first + i) & (entries.Length - 1)];
        }

        entries = larger;
        first = 0;
    }
}
