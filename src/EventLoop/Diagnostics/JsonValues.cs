using System.Text.Json;

namespace EventLoop.Diagnostics;

/// <summary>Values in the library's JSON: times as seconds with a fraction, exact to the tick; text that is always valid; null as null.</summary>
internal static class JsonValues
{
    internal static void WriteTime(this Utf8JsonWriter json, string name, TimeSpan? time)
    {
        if (time is { } known)
        {
            json.WriteNumber(name, (decimal)known.Ticks / TimeSpan.TicksPerSecond);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    internal static void WriteId(this Utf8JsonWriter json, string name, int? id)
    {
        if (id is { } known)
        {
            json.WriteNumber(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    internal static void WriteIds(this Utf8JsonWriter json, string name, IReadOnlyList<int> ids)
    {
        json.WriteStartArray(name);
        for (int i = 0; i < ids.Count; i++)
        {
            json.WriteNumberValue(ids[i]);
        }

        json.WriteEndArray();
    }

    /// <summary>An array of objects, each filled by <paramref name="write"/>.</summary>
    internal static void WriteObjects<T>(this Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        for (int i = 0; i < items.Count; i++)
        {
            json.WriteStartObject();
            write(json, items[i]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    internal static void WriteText(this Utf8JsonWriter json, string name, string? text) => json.WriteString(name, text is null ? null : Valid(text));

    internal static void WriteTexts(this Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        for (int i = 0; i < texts.Count; i++)
        {
            json.WriteStringValue(Valid(texts[i]));
        }

        json.WriteEndArray();
    }

    // Unpaired surrogates are not valid text.
    internal static string Valid(string text)
    {
        int at = 0;
        while (at < text.Length && !char.IsSurrogate(text[at]))
        {
            at++;
        }

        if (at == text.Length)
        {
            return text;
        }

        return string.Create(text.Length, text, static (valid, text) =>
        {
            for (int i = 0; i < text.Length; i++)
            {
                if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                {
                    valid[i] = text[i];
                    valid[i + 1] = text[++i];
                }
                else
                {
                    valid[i] = char.IsSurrogate(text[i]) ? '\ufffd' : text[i];
                }
            }
        });
    }

    // ---- Reading

    internal static int Int(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32OrThrow() : 0;

    internal static long Long(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : 0;

    internal static bool Bool(this JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    internal static int? Id(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32OrThrow() : null;

    private static int GetInt32OrThrow(this JsonElement value) =>
        value.TryGetInt32(out int number) ? number : throw new FormatException($"{value} is no number of the kind that is expected.");

    internal static string? Text(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    internal static TimeSpan? Time(this JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        ? TimeSpan.FromTicks((long)Math.Round((value.TryGetDecimal(out decimal seconds) ? seconds : (decimal)value.GetDouble()) * TimeSpan.TicksPerSecond))
        : null;

    internal static TEnum Enum<TEnum>(this JsonElement json, string name)
        where TEnum : struct, Enum => json.OptionalEnum<TEnum>(name) ?? default;

    // A name that a newer library may have added counts as unknown.
    internal static TEnum? OptionalEnum<TEnum>(this JsonElement json, string name)
        where TEnum : struct, Enum =>
            System.Enum.TryParse<TEnum>(json.Text(name), ignoreCase: false, out var value) && System.Enum.IsDefined(value) ? value : null;

    internal static IReadOnlyList<int> Ids(this JsonElement json, string name) => json.List(name, static id => id.GetInt32());

    internal static IReadOnlyList<string> Texts(this JsonElement json, string name) => json.List(name, static text => text.GetString() ?? "");

    internal static IReadOnlyList<T> List<T>(this JsonElement json, string name, Func<JsonElement, T> read) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(read)] : [];
}
