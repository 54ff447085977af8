using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoop.Diagnostics;

/// <summary>
/// What happened last, 16 bytes each: the time in ticks (56 bits) and the kind (8), then task and another number (32 each). Only the loop's thread writes; any
/// thread may take a copy, from which what was overwritten meanwhile is dropped.
/// </summary>
internal sealed class RecordRing
{
    /// <summary>A step that has begun; it becomes a <see cref="RecordedEventKind.Step"/> when it ends.</summary>
    internal const byte Running = 255;

    /// <summary>A step at whose end its task has yielded: two records in one, which become two when they are copied.</summary>
    internal const byte Yielded = 254;

    private const int MostLabels = 1024;

    private readonly ulong[] words;
    private readonly int mask;
    private readonly Lock gate = new();      // around the tables: the loop's thread writes, any thread reads
    private readonly EndedNames ended = new();
    private readonly Dictionary<string, int> labels = [];
    private readonly Dictionary<int, (string Label, long Position)> labelsByNumber = [];
    private long written;
    private long latest;      // time of the last record; times never go back
    private int lastLabel;

    internal RecordRing(int capacity)
    {
        Capacity = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity);
        words = new ulong[Capacity * 2L];
        mask = Capacity - 1;
    }

    internal int Capacity { get; }

    internal long Written => Volatile.Read(ref written);

    /// <returns>Its position.</returns>
    internal long Add(byte kind, long time, int task, uint other)
    {
        latest = time = Math.Max(latest, time);
        long position = written;
        Put(position, kind, time, task, other);
        Volatile.Write(ref written, position + 1);
        return position;
    }

    /// <summary>Rewrites a record with what is known now, unless it was overwritten.</summary>
    internal void Complete(long position, byte kind, long time, int task, uint other)
    {
        if (written - position <= Capacity)
        {
            Put(position, kind, time, task, other);
        }
    }

    private void Put(long position, byte kind, long time, int task, uint other)
    {
        // Within the array whatever the position: there are two words for each number that the mask leaves.
        ref ulong first = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(words), (nint)(position & mask) * 2);
        Volatile.Write(ref first, ((ulong)time << 8) | kind);
        Volatile.Write(ref Unsafe.Add(ref first, 1), ((ulong)(uint)task << 32) | other);
    }

    /// <summary>Time of the latest record.</summary>
    internal long Latest => Volatile.Read(ref latest);

    // ---- Names

    /// <summary>Keeps the name of a task as long as a record may mention it.</summary>
    internal void NoteEnd(int task, string name)
    {
        lock (gate)
        {
            ended.Add(task, name, written);
            ended.DropBefore(written - Capacity);
        }
    }

    internal int NumberOf(string label)
    {
        lock (gate)
        {
            if (!labels.TryGetValue(label, out int number))
            {
                if (labels.Count >= MostLabels)
                {
                    Forget();
                }

                labels[label] = number = ++lastLabel;
            }

            labelsByNumber[number] = (label, written);
            return number;
        }
    }

    // Forgets names that no record mentions any more.
    private void Forget()
    {
        foreach (var (number, (label, position)) in labelsByNumber)
        {
            if (position < written - Capacity)
            {
                labelsByNumber.Remove(number);
                labels.Remove(label);
            }
        }
    }

    // ---- Copying; any thread

    /// <summary>Copies records from a position on; those that were overwritten meanwhile are left out.</summary>
    /// <param name="to">Two words for each record, and room for twice as many as are read at once, because one may become two.</param>
    /// <param name="from">The position to begin with; afterwards the one after the last record.</param>
    /// <param name="lost">Increased by the number of records that were overwritten before they could be copied.</param>
    /// <param name="withRunning">Whether steps that have not ended are included; otherwise copying ends before the first of them, as long as half of the ring
    /// is free.</param>
    /// <returns>The words that were copied.</returns>
    internal Span<ulong> CopyTo(Span<ulong> to, ref long from, ref long lost, bool withRunning)
    {
        long end = Written;
        long begin = Math.Max(from, end - Capacity);
        withRunning |= end - begin > Capacity / 2;
        int most = to.Length / 4;
        var read = to[(most * 2)..];      // from where they are spread over the whole
        int count = 0;
        for (long position = begin; position < end && count < most; position++, count++)
        {
            int at = (int)(position & mask) * 2;
            ulong first = Volatile.Read(ref words[at]);
            if (!withRunning && (byte)first == Running)
            {
                break;
            }

            read[count * 2] = first;
            read[(count * 2) + 1] = Volatile.Read(ref words[at + 1]);
        }

        // The record after the last may be half overwritten.
        Interlocked.MemoryBarrier();
        int stale = Written == end ? 0 : (int)Math.Clamp(Written + 1 - Capacity - begin, 0, count);
        lost += begin - from + stale;
        from = begin + count;
        int length = 0;
        for (int i = stale; i < count; i++)
        {
            Spread(read[i * 2], read[(i * 2) + 1], to, ref length);
        }

        return to[..length];
    }

    private static void Spread(ulong first, ulong second, Span<ulong> to, ref int length)
    {
        bool isTwo = (byte)first == Yielded;
        to[length++] = isTwo ? (first & ~0xffUL) | (byte)RecordedEventKind.Step : first;
        to[length++] = second;
        if (isTwo)
        {
            to[length++] = (((first >> 8) + (uint)second) << 8) | (byte)RecordedEventKind.Wake;
            to[length++] = (second & ~(ulong)uint.MaxValue) | (second >> 32);
        }
    }

    /// <summary>The number of names of tasks that have ended so far.</summary>
    internal long NamesAdded
    {
        get
        {
            lock (gate)
            {
                return ended.Added;
            }
        }
    }

    /// <summary>Copies the names of tasks that have ended, and the texts of marks.</summary>
    /// <param name="from"><see cref="NamesAdded"/> of an earlier time: only names that are newer are copied; afterwards that of now.</param>
    /// <param name="names">The names.</param>
    /// <param name="texts">The texts of all marks.</param>
    internal void CopyNames(ref long from, out Dictionary<int, string> names, out Dictionary<int, string> texts)
    {
        names = [];
        lock (gate)
        {
            ended.CopyTo(names, ref from);
            texts = labelsByNumber.ToDictionary(static label => label.Key, static label => label.Value.Label);
        }
    }

    /// <summary>Copies the latest records, no more than it has places for.</summary>
    /// <param name="names">The names of tasks that have ended.</param>
    /// <param name="texts">The texts of marks.</param>
    /// <param name="next">The position after the last one.</param>
    internal List<(byte Kind, long Time, int Task, uint Other)> Copy(out Dictionary<int, string> names, out Dictionary<int, string> texts, out long next)
    {
        var copy = new List<(byte, long, int, uint)>((int)Math.Min(Written, Capacity));
        ulong[] block = new ulong[4096];
        long lost = 0;
        next = 0;
        for (long end = Written; next < end;)
        {
            var records = CopyTo(block, ref next, ref lost, withRunning: true);
            for (int i = 0; i < records.Length; i += 2)
            {
                copy.Add(((byte)records[i], (long)(records[i] >> 8), (int)(records[i + 1] >> 32), (uint)records[i + 1]));
            }
        }

        if (copy.Count > Capacity)
        {
            copy.RemoveRange(0, copy.Count - Capacity);
        }

        long all = 0;
        CopyNames(ref all, out names, out texts);
        return copy;
    }
}
