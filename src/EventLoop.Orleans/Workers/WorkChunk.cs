using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using EventLoop.Executors.Work;

namespace EventLoop.Orleans.Workers;

/// <summary>Several results in one reply, each preceded by a mark and its length.</summary>
internal static class WorkChunk
{
    private const int Head = 1 + sizeof(int);

    internal static void Write(bool succeeded, ReadOnlySpan<byte> bytes, IBufferWriter<byte> destination)
    {
        var head = destination.GetSpan(Head);
        head[0] = succeeded ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], bytes.Length);
        destination.Advance(Head);
        destination.Write(bytes);
    }

    /// <summary>Writes an argument, preceded by its length.</summary>
    internal static void WriteArgument(ReadOnlySpan<byte> bytes, IBufferWriter<byte> destination)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination.GetSpan(sizeof(int)), bytes.Length);
        destination.Advance(sizeof(int));
        destination.Write(bytes);
    }

    internal static bool TryRead(ref ReadOnlyMemory<byte> rest, out bool succeeded, out ReadOnlyMemory<byte> bytes)
    {
        if (rest.IsEmpty)
        {
            succeeded = false;
            bytes = default;
            return false;
        }

        succeeded = rest.Span[0] != 0;
        int length = BinaryPrimitives.ReadInt32LittleEndian(rest.Span[1..]);
        bytes = rest.Slice(Head, length);
        rest = rest[(Head + length)..];
        return true;
    }

    internal static void WriteFailure(WorkFailure failure, IBufferWriter<byte> destination)
    {
        using var writer = new Utf8JsonWriter(destination);
        JsonSerializer.Serialize(writer, failure);
    }

    internal static WorkFailure ReadFailure(ReadOnlyMemory<byte> bytes) => JsonSerializer.Deserialize<WorkFailure>(bytes.Span)!;
}
