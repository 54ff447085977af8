using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoop.Net;

/// <summary>A block of pinned memory, and a link in the chain of a pipe. Pooled together with its memory. Loop thread only.</summary>
internal sealed unsafe class BufferSegment : ReadOnlySequenceSegment<byte>
{
    private readonly byte[] array;

    internal BufferSegment(int size, int sizeClass)
    {
        array = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        Start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));
        SizeClass = sizeClass;
    }

    /// <summary>Its memory never moves.</summary>
    internal byte* Start { get; }

    /// <summary>-1: too large for the pool.</summary>
    internal int SizeClass { get; }

    internal int Capacity => array.Length;

    /// <summary>How much of it is filled.</summary>
    internal int End { get; private set; }

    internal Memory<byte> Free => array.AsMemory(End);

    internal int FreeLength => array.Length - End;

    internal BufferSegment? Following
    {
        get => Unsafe.As<BufferSegment?>(Next);
        private set => Next = value;
    }

    internal void Fill(int count)
    {
        End += count;
        Memory = array.AsMemory(0, End);
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
