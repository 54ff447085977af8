using System.Buffers;

namespace EventLoop.Native;

/// <summary>Pins memory during one system call.</summary>
internal unsafe ref struct PinnedMemories(int capacity)
{
    private readonly MemoryHandle[] handles = ArrayPool<MemoryHandle>.Shared.Rent(capacity);
    private int count;

    internal byte* Pin(ReadOnlyMemory<byte> memory)
    {
        ref var handle = ref handles[count++];
        handle = memory.Pin();
        return (byte*)handle.Pointer;
    }

    public void Dispose()
    {
        try
        {
            while (count > 0)
            {
                var handle = handles[--count];
                handles[count] = default;
                handle.Dispose();
            }
        }
        finally
        {
            ArrayPool<MemoryHandle>.Shared.Return(handles, clearArray: count > 0);      // cleared, because a user's memory manager may throw
        }
    }
}
