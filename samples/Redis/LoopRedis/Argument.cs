using System.Globalization;

namespace Redis.LoopRedis;

/// <summary>A part of a command: text, a number or bytes.</summary>
internal readonly struct Argument
{
    private Argument(string? text, ReadOnlyMemory<byte> bytes)
    {
        Text = text;
        Bytes = bytes;
    }

    public string? Text { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    public static implicit operator Argument(string text) => new(text, default);

    public static implicit operator Argument(long number) => new(number.ToString(CultureInfo.InvariantCulture), default);

    public static implicit operator Argument(byte[] bytes) => new(null, bytes);

    public static implicit operator Argument(ReadOnlyMemory<byte> bytes) => new(null, bytes);
}
