namespace EventLoop.Scheduling;

/// <summary>A list in blocks: however long, it leaves no outgrown arrays behind, and nothing for full collections only. Not thread-safe.</summary>
internal sealed class Blocks<T>
{
    private const int Bits = 10;
    private const int Size = 1 << Bits;

    private readonly List<T[]> blocks = [];

    internal int Count { get; private set; }

    internal ref T this[int index] => ref blocks[index >> Bits][index & (Size - 1)];

    internal void Add(T item)
    {
        if (Count == blocks.Count << Bits)
        {
            blocks.Add(new T[Size]);
        }

        this[Count++] = item;
    }

    /// <summary>Forgets them, and keeps the blocks for others.</summary>
    internal void Clear()
    {
        for (int i = 0; i < blocks.Count; i++)
        {
            blocks[i].AsSpan(0, LengthOf(i)).Clear();
        }

        Count = 0;
    }

    /// <summary>Sorts within each block; <see cref="Merge"/> enumerates all of them in order.</summary>
    internal void SortBlocks(Comparison<T> comparison)
    {
        for (int i = 0; i < blocks.Count; i++)
        {
            blocks[i].AsSpan(0, LengthOf(i)).Sort(comparison);
        }
    }

    /// <summary>Enumerates all in the order of their keys, each key once. The blocks are sorted by the key.</summary>
    internal IEnumerable<T> Merge(Func<T, int> key)
    {
        var heads = new PriorityQueue<(int Block, int At), int>();
        for (int i = 0; i < blocks.Count; i++)
        {
            if (LengthOf(i) > 0)
            {
                heads.Enqueue((i, 0), key(blocks[i][0]));
            }
        }

        int? last = null;
        while (heads.TryDequeue(out var head, out _))
        {
            // Most blocks follow one another: while this one has the least, the queue is not asked.
            int next = heads.TryPeek(out _, out int other) ? other : int.MaxValue;
            var block = blocks[head.Block];
            int length = LengthOf(head.Block);
            int at = head.At;
            do
            {
                int now = key(block[at]);
                if (now != last)
                {
                    last = now;
                    yield return block[at];
                }

                at++;
            }
            while (at < length && key(block[at]) <= next);

            if (at < length)
            {
                heads.Enqueue((head.Block, at), key(block[at]));
            }
        }
    }

    private int LengthOf(int block) => Math.Clamp(Count - (block << Bits), 0, Size);
}
