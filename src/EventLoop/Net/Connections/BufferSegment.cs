using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoop.Net.Connections;

/// <summary>A block of pinned memory, and a link in the chain of a pipe. Pooled together with its memory. Loop thread only.</summary>
internal sealed unsafe class BufferSegment : ReadOnlySequenceSegment<byte>
{
    // Where a cache line begins: some processors copy into memory that begins elsewhere at less than half the speed.
    private const int Alignment = 64;

    private readonly byte[] array;
    private readonly int offset;        // not where the array's own block begins, for the rest of a block that was split

    internal BufferSegment(int size, int sizeClass)
    {
        array = GC.AllocateUninitializedArray<byte>(size + Alignment, pinned: true);
        var first = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));
        offset = (int)(-(nint)first & (Alignment - 1));
        Start = first + offset;
        Capacity = size;
        SizeClass = sizeClass;
    }

    // Makes a block of the free rest of another.
    private BufferSegment(BufferSegment block)
    {
        array = block.array;
        offset = block.offset + block.End;
        Start = block.Start + block.End;
        Capacity = block.FreeLength;
        SizeClass = -1;
    }

    /// <summary>The address of its memory, which never moves.</summary>
    internal byte* Start { get; }

    /// <summary>The class of its size; -1: not for the pool.</summary>
    internal int SizeClass { get; private set; }

    internal int Capacity { get; private set; }

    /// <summary>How much of it is filled.</summary>
    internal int End { get; private set; }

    internal Memory<byte> Free => array.AsMemory(offset + End, FreeLength);

    internal int FreeLength => Capacity - End;

    internal BufferSegment? Following
    {
        get => Unsafe.As<BufferSegment?>(Next);
        private set => Next = value;
    }

    internal void Fill(int count)
    {
        End += count;
        Memory = array.AsMemory(offset, End);
    }

    /// <summary>Leaves it to the collector instead of the pool, because somebody may write to it who should not.</summary>
    internal void Exempt() => SizeClass = -1;

    /// <summary>Splits off the free part as a block of its own. The collector takes the memory when nobody has either.</summary>
    internal BufferSegment Split()
    {
        var rest = new BufferSegment(this);
        Exempt();
        Capacity = End;
        return rest;
    }

    internal void Append(BufferSegment next)
    {
        next.RunningIndex = RunningIndex + End;
        Following = next;
    }

    internal void Reset()
    {
        End = 0;
        Memory = default;
        RunningIndex = 0;
        Following = null;
    }
}
