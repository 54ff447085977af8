using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace EventLoop.Executors.Workers;

/// <summary>A frame under construction, in pooled memory: room for its header, and what is written after it.</summary>
internal sealed class FrameWriter : IBufferWriter<byte>, IDisposable
{
    internal const int Head = 9;

    private byte[] bytes = ArrayPool<byte>.Shared.Rent(256);
    private int length = Head;

    internal int Length => length;

    internal ReadOnlyMemory<byte> Finish(FrameKind kind, int id)
    {
        WriteHead(bytes, length - Head, kind, id);
        return bytes.AsMemory(0, length);
    }

    internal static void WriteHead(Span<byte> head, int count, FrameKind kind, int id)
    {
        BinaryPrimitives.WriteInt32LittleEndian(head, count);
        head[4] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(head[5..], id);
    }

    /// <summary>Drops what was written after a position.</summary>
    internal void Truncate(int to) => length = to;

    internal void PatchInt32(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);

    public void Advance(int count) => length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 1));
        return bytes.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Grow(Math.Max(sizeHint, 1));
        return bytes.AsSpan(length);
    }

    internal void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(GetSpan(4), value);
        length += 4;
    }

    internal void WriteText(string? text)
    {
        if (text is null)
        {
            WriteInt32(-1);
            return;
        }

        int count = Encoding.UTF8.GetByteCount(text);
        WriteInt32(count);
        length += Encoding.UTF8.GetBytes(text, GetSpan(count));
    }

    public void Dispose()
    {
        var returned = Interlocked.Exchange(ref bytes, []);
        if (returned.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(returned);
        }
    }

    private void Grow(int more)
    {
        if (bytes.Length - length < more)
        {
            int size = (int)Math.Min(Math.Max((long)bytes.Length * 2, (long)length + more), Array.MaxLength);
            if (size - length < more)
            {
                throw new InvalidOperationException("What is to be sent to a worker process, or back, is larger than 2 GB. Write it to a file, and send the "
                    + "file's name.");
            }

            var larger = ArrayPool<byte>.Shared.Rent(size);
            bytes.AsSpan(0, length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(bytes);
            bytes = larger;
        }
    }
}

/// <summary>Reads what a <see cref="FrameWriter"/> wrote after the header.</summary>
internal ref struct FrameReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    internal readonly ReadOnlySpan<byte> Rest => rest;

    internal int ReadInt32()
    {
        int value = BinaryPrimitives.ReadInt32LittleEndian(rest);
        rest = rest[4..];
        return value;
    }

    internal string? ReadText()
    {
        int count = ReadInt32();
        return count < 0 ? null : Encoding.UTF8.GetString(ReadBytes(count));
    }

    internal ReadOnlySpan<byte> ReadBytes(int count)
    {
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
