using System.Buffers;

namespace EventLoop.Executors.Work;

/// <summary>System.Text.Json as soon as something needs it: to load it takes longer than the rest of a worker's start. Any thread.</summary>
internal sealed class DefaultWorkSerializer : IWorkSerializer
{
    private JsonWorkSerializer? json;

    private JsonWorkSerializer Json => Volatile.Read(ref json) ?? Interlocked.CompareExchange(ref json, new JsonWorkSerializer(), null) ?? json;

    public void Serialize<T>(T value, IBufferWriter<byte> destination) => Json.Serialize(value, destination);

    public T Deserialize<T>(ReadOnlySpan<byte> bytes) => Json.Deserialize<T>(bytes);
}
