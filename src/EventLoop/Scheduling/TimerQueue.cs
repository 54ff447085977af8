using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace EventLoop.Scheduling;

/// <summary>A deadline in ticks of loop time, and its item.</summary>
internal struct TimerEntry
{
    internal long Due;
    internal LoopItem? Item;     // null if it was cancelled, and its place has not been removed yet
    internal int Sequence;       // the order of insertion, for equal deadlines

    // The difference of two sequence numbers, unlike their comparison, survives wrapping around.
    internal readonly bool IsBefore(in TimerEntry other) =>
        Due < other.Due || (Due == other.Due && Sequence - other.Sequence < 0);
}

/// <summary>
/// The deadlines of a loop, earliest first; equal ones in the order of insertion. Programs use few different delays, and with one delay the deadlines come in
/// order: these are kept in runs, where adding, firing and cancelling take O(1) and touch no other entry. A deadline that fits after none of the runs, or comes
/// many minutes after them, goes to a heap, O(log n). Loop thread only.
/// </summary>
internal sealed class TimerQueue
{
    private readonly TimerHeap heap = new();
    private readonly TimerRun[] runs;
    private int count;
    private int sequence;

    internal TimerQueue() => runs = [new(0, heap: heap), new(1, heap: heap), new(2, heap: heap), new(3, heap: heap)];

    internal int Count => count;

    /// <summary>The earliest deadline; only if there is one.</summary>
    internal long NextDue => FindFirst().Due;

    /// <summary>The item of that deadline.</summary>
    internal LoopItem First => FindFirst().Item!;

    /// <summary>Its place in the order of insertion.</summary>
    internal int FirstSequence => FindFirst().Sequence;

    /// <summary>Reserves a place in the order of insertion for a deadline that is kept elsewhere: by a virtual clock, for foreign timers.</summary>
    internal int ReserveSequence() => sequence++;

    internal void Add(long due, LoopItem item)
    {
        count++;
        var entry = new TimerEntry { Due = due, Item = item, Sequence = sequence++ };
        if (TryFindRun(due, out var run))
        {
            run.Append(entry);
        }
        else
        {
            heap.Add(entry);
        }

        AssertInvariants();
    }

    internal LoopItem RemoveFirst()
    {
        var first = First;
        Remove(first);
        return first;
    }

    /// <summary>Does nothing to an item that is not here.</summary>
    internal void Remove(LoopItem item)
    {
        int slot = item.TimerSlot;
        if (slot == 0)
        {
            return;
        }

        count--;
        if (slot > 0)
        {
            heap.Remove(slot);
        }
        else
        {
            runs[TimerRun.NumberOf(slot)].Remove(item);
        }

        AssertInvariants();
    }

    /// <summary>The deadline of an item; null: it has none. Any thread: on other threads the queue may change meanwhile, and an item that moves at that moment
    /// is not found.</summary>
    internal long? FindDue(LoopItem item)
    {
        int slot = Volatile.Read(ref item.TimerSlot);
        var entry = slot > 0 ? heap.Peek(slot) : slot < 0 ? runs[TimerRun.NumberOf(slot)].Peek(slot) : default;
        return ReferenceEquals(entry.Item, item) ? entry.Due : null;
    }

    // The tightest fit, so that the later runs stay open for later deadlines; else an empty run; else one with a single entry, which is not worth a run.
    private bool TryFindRun(long due, [NotNullWhen(true)] out TimerRun? found)
    {
        found = null;
        TimerRun? spare = null;
        foreach (var run in runs)
        {
            if (run.Count > 0 && run.Accepts(due))
            {
                if (found is null || run.LastDue > found.LastDue)
                {
                    found = run;
                }
            }
            else if (run.Count < 2 && (spare is null || run.Count < spare.Count))
            {
                spare = run;
            }
        }

        if (found is null && spare is not null)
        {
            found = spare;
            if (spare.Count == 1)
            {
                var moved = spare.First;
                spare.Remove(moved.Item!);
                heap.Add(moved);
            }
        }

        return found is not null;
    }

    private TimerEntry FindFirst()
    {
        bool any = heap.Count > 0;
        var first = any ? heap.First : default;
        foreach (var run in runs)
        {
            if (run.Count > 0 && (!any || run.First.IsBefore(first)))
            {
                first = run.First;
                any = true;
            }
        }

        return first;
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        int found = heap.Count;
        foreach (var run in runs)
        {
            run.AssertInvariants();
            found += run.Count;
        }

        heap.AssertInvariants();
        Debug.Assert(found == count, "Every deadline stands in a run or in the heap.");
    }
}
