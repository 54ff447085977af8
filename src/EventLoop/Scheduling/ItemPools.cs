using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>
/// Free lists, one for each type of pooled item, owned by one loop: no thread-static look-ups in generic code, no sharing between loops, and
/// all of it goes when the loop goes. Loop thread only.
/// </summary>
internal struct ItemPools
{
    // Enough for the boxes of a few thousand tasks at once; what a larger burst leaves behind is the collector's.
    private const int MostPerType = 4096;

    private struct Pool
    {
        internal LoopItem? First;
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
        if ((uint)slot >= (uint)all.Length || all[slot].First is not { } item)
        {
            return null;
        }

        ref var pool = ref all[slot];
        pool.First = item.Next;
        pool.Count--;
        item.Next = null;
        return Unsafe.As<T>(item);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Return(LoopItem item, int slot)
    {
        if ((uint)slot >= (uint)pools.Length)
        {
            Array.Resize(ref pools, Math.Max(slot + 1, pools.Length * 2));
        }

        ref var pool = ref pools[slot];
        if (pool.Count < MostPerType)
        {
            item.Next = pool.First;
            pool.First = item;
            pool.Count++;
        }
    }
}
