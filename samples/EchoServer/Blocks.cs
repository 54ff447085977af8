using System.Runtime.InteropServices;

/// <summary>
/// Blocks of 128 KiB to receive into, only ever used on the loop's thread. They begin where a cache line does, which an ordinary array does not: there the
/// system copies large messages more than twice as fast on some processors. (A Connection's own blocks are like that.)
/// </summary>
internal static class Blocks
{
    private const int Size = 128 * 1024;
    private const int CacheLine = 64;
    private static readonly Stack<Memory<byte>> Free = [];

    internal static Memory<byte> Rent() => Free.TryPop(out var block) ? block : New();

    internal static void Return(Memory<byte> block) => Free.Push(block);

    private static Memory<byte> New()
    {
        byte[] array = GC.AllocateUninitializedArray<byte>(Size + CacheLine, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(array, 0);
        return array.AsMemory((int)(-address & (CacheLine - 1)), Size);
    }
}
