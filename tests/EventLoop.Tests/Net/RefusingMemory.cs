using System.Buffers;

namespace EventLoop.Tests.Net;

/// <summary>Memory of a user's that is gone when the system could use it.</summary>
internal sealed class RefusingMemory(int length) : MemoryManager<byte>
{
    private readonly byte[] bytes = new byte[length];

    internal bool Refuses { get; set; }

    public override Memory<byte> Memory => CreateMemory(bytes.Length);

    public override Span<byte> GetSpan() => Refuses ? throw new FormatException("this memory is gone") : bytes;

    public override MemoryHandle Pin(int elementIndex = 0) => Refuses ? throw new FormatException("this memory is gone") : bytes.AsMemory(elementIndex).Pin();

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
