using System.Diagnostics;

namespace EventLoop.Polling;

/// <summary>
/// The registered sources by slot. A slot's generation changes whenever its owner leaves, and both are part of the kernel's event: so an event that was queued
/// for a closed descriptor never reaches the next owner of the slot, nor of the descriptor's number. Loop thread only.
/// </summary>
internal sealed class PollTable
{
    private struct Entry
    {
        internal PollSource? Source;
        internal uint Generation;
        internal int NextFree;
    }

    private Entry[] entries = new Entry[64];
    private int used;
    private int firstFree = -1;

    internal int Count { get; private set; }

    /// <summary>Assigns a slot; the result is what to register with the kernel.</summary>
    internal ulong Add(PollSource source)
    {
        Debug.Assert(source.Slot < 0, "Nobody is registered twice.");
        int slot = firstFree;
        if (slot >= 0)
        {
            firstFree = entries[slot].NextFree;
        }
        else
        {
            slot = used++;
            if (slot == entries.Length)
            {
                Array.Resize(ref entries, slot * 2);
            }
        }

        ref var entry = ref entries[slot];
        entry.Source = source;
        source.Slot = slot;
        Count++;
        AssertInvariants();
        return Key(slot, entry.Generation);
    }

    internal ulong KeyOf(PollSource source) => Key(source.Slot, entries[source.Slot].Generation);

    internal void Remove(PollSource source)
    {
        Debug.Assert(source.Slot >= 0 && ReferenceEquals(entries[source.Slot].Source, source), "Who leaves stands in his slot.");
        ref var entry = ref entries[source.Slot];
        entry.Source = null;
        entry.Generation++;
        entry.NextFree = firstFree;
        firstFree = source.Slot;
        source.Slot = -1;
        Count--;
        AssertInvariants();
    }

    /// <summary>Null if the event is for a source that has left.</summary>
    internal PollSource? Find(ulong key)
    {
        uint slot = (uint)key;
        var all = entries;
        return slot < (uint)all.Length && all[slot].Generation == (uint)(key >> 32) ? all[slot].Source : null;
    }

    internal List<PollSource> Snapshot()
    {
        var all = new List<PollSource>(Count);
        foreach (var entry in entries)
        {
            if (entry.Source is { } source)
            {
                all.Add(source);
            }
        }

        return all;
    }

    private static ulong Key(int slot, uint generation) => ((ulong)generation << 32) | (uint)slot;

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(Count >= 0 && Count <= used && used <= entries.Length, "There are no more owners than slots that were given out.");
        Debug.Assert(firstFree < used, "Only slots that were given out are free again.");
        Debug.Assert(firstFree < 0 == (Count == used), "A slot is free unless all have owners.");
        Debug.Assert(firstFree < 0 || entries[firstFree].Source is null, "A free slot has no owner.");
    }
}
