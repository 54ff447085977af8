using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventLoop;

/// <summary>
/// The default serializer: System.Text.Json, with fields, so that tuples keep their values. For options of your own, and for trimming with a source generator's
/// context, derive from it and pass them to the base: <c>sealed class OurJson() : JsonWorkSerializer(OurOptions)</c>. The other process makes an instance of
/// the same class, and gets no options by themselves: executors refuse a plain <c>new JsonWorkSerializer(options)</c>.
/// </summary>
/// <param name="options">Null: the defaults, with fields and with NaN and infinities. Options that name no resolver get that of the defaults.</param>
public class JsonWorkSerializer(JsonSerializerOptions? options = null) : IWorkSerializer
{
    private static readonly JsonWriterOptions WriterOptions = new() { SkipValidation = true };

    private readonly bool hasOptions = options is not null;
    private readonly JsonSerializerOptions options = Complete(options);

    /// <inheritdoc/>
    public void Serialize<T>(T value, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using var writer = new Utf8JsonWriter(destination, WriterOptions);
        JsonSerializer.Serialize(writer, value, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)));
    }

    /// <inheritdoc/>
    public T Deserialize<T>(ReadOnlySpan<byte> bytes) => JsonSerializer.Deserialize(bytes, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)))!;

    /// <summary>Refuses one with options that the other process would not have, as it knows nothing but the type.</summary>
    /// <exception cref="ArgumentException">It is such a one.</exception>
    internal static void RefuseOptions(IWorkSerializer? serializer, string parameter)
    {
        if (serializer is JsonWorkSerializer { hasOptions: true } && serializer.GetType() == typeof(JsonWorkSerializer))
        {
            throw new ArgumentException("This JsonWorkSerializer has options of its own, and whoever does the work makes a serializer of the same type, which "
                + "would not have them. Derive a class with a public constructor without parameters that passes the options to the base, and take an instance "
                + "of that: sealed class OurJson() : JsonWorkSerializer(OurOptions).", parameter);
        }
    }

    private static JsonSerializerOptions Complete(JsonSerializerOptions? given) => given switch
    {
        null => new()
        {
            IncludeFields = true,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            TypeInfoResolver = DefaultResolver(),
        },
        { TypeInfoResolver: null } => new(given) { TypeInfoResolver = DefaultResolver() },
        _ => given,
    };

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Programs that are trimmed hand in a context of the source generator.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "As for trimming.")]
    private static IJsonTypeInfoResolver DefaultResolver() =>
        JsonSerializer.IsReflectionEnabledByDefault ? new DefaultJsonTypeInfoResolver() : JsonTypeInfoResolver.Combine();
}
