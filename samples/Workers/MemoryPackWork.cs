using System.Buffers;
using EventLoop;
using MemoryPack;

namespace Workers;

/// <summary>Arguments and results by MemoryPack, several times as fast as JSON: named in <see cref="ProcessExecutorOptions.Serializer"/>, and made anew in each worker.
/// Numbers, strings and arrays of numbers do not come here; they are sent as they are in memory.</summary>
public sealed class MemoryPackWork : IWorkSerializer
{
    public void Serialize<T>(T value, IBufferWriter<byte> destination) => MemoryPackSerializer.Serialize(destination, value);

    public T Deserialize<T>(ReadOnlySpan<byte> bytes) => MemoryPackSerializer.Deserialize<T>(bytes)!;
}
