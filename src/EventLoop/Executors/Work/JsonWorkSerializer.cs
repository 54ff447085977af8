using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventLoop;

/// <summary>The default serializer: System.Text.Json, with fields, so that tuples keep their values. For trimming, derive from it and pass a source
/// generator's context to the base.</summary>
/// <param name="options">Null: the defaults, with fields and with NaN and infinities.</param>
public class JsonWorkSerializer(JsonSerializerOptions? options = null) : IWorkSerializer
{
    private static readonly JsonWriterOptions WriterOptions = new() { SkipValidation = true };

    private readonly JsonSerializerOptions options = options ?? Defaults();

    /// <inheritdoc/>
    public void Serialize<T>(T value, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using var writer = new Utf8JsonWriter(destination, WriterOptions);
        JsonSerializer.Serialize(writer, value, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)));
    }

    /// <inheritdoc/>
    public T Deserialize<T>(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize(bytes, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)))!;

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Programs that are trimmed hand in a context of the source generator.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "As for trimming.")]
    private static JsonSerializerOptions Defaults() => new()
    {
        IncludeFields = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        TypeInfoResolver = JsonSerializer.IsReflectionEnabledByDefault ? new DefaultJsonTypeInfoResolver() : JsonTypeInfoResolver.Combine(),
    };
}
