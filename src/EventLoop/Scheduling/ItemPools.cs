using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>
/// Free lists, one for each type of pooled item, owned by one loop: no thread-static look-ups in generic code, no sharing between loops, and everything is
/// released with the loop. Loop thread only.
/// </summary>
internal struct ItemPools
{
    // Enough for the boxes of a few thousand concurrent tasks; what a larger burst leaves behind is left to the collector.
    private const int MostPerType = 4096;

    private const int FewestPerType = 8;

    // A struct around the reference, because arrays of structs need no covariance check. Its own name, because tools recognize by it what is only in a pool.
    private struct PoolSlot
    {
        internal LoopItem? Item;
    }

    // A stack whose popped places are not cleared: an item that is taken and returned, as in every nested await, finds itself in its place, and the store with
    // its write barrier is omitted.
    private struct Pool
    {
        internal PoolSlot[]? Items;
        internal int Count;
    }

    private static int types;

    private Pool[] pools;

    public ItemPools() => pools = new Pool[64];

    /// <summary>Call once for each type and keep it in a static readonly field, which the JIT treats as a constant.</summary>
    internal static int NewSlot() => Interlocked.Increment(ref types) - 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal T? TryRent<T>(int slot) where T : LoopItem
    {
        var all = pools;
        if ((uint)slot >= (uint)all.Length)
        {
            return null;
        }

        ref var pool = ref all[slot];
        int last = pool.Count - 1;
        if (last < 0)
        {
            return null;
        }

        pool.Count = last;
        return Unsafe.As<T>(pool.Items![last].Item);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Return(LoopItem item, int slot)
    {
        var all = pools;
        if ((uint)slot < (uint)all.Length)
        {
            ref var pool = ref all[slot];
            int count = pool.Count;
            var items = pool.Items;
            if (items is not null && (uint)count < (uint)items.Length)
            {
                if (!ReferenceEquals(items[count].Item, item))
                {
                    items[count].Item = item;
                }

                pool.Count = count + 1;
                return;
            }
        }

        Grow(item, slot);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(LoopItem item, int slot)
    {
        if (slot >= pools.Length)
        {
            Array.Resize(ref pools, Math.Max(slot + 1, pools.Length * 2));
        }

        ref var pool = ref pools[slot];
        if (pool.Count < MostPerType)
        {
            Array.Resize(ref pool.Items, Math.Max(FewestPerType, pool.Count * 2));
            pool.Items[pool.Count++].Item = item;
        }
    }
}
