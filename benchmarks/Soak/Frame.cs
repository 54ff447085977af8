using System.Buffers.Binary;

namespace Soak;

/// <summary>How the two sides of a connection behave towards each other.</summary>
internal enum Manners
{
    /// <summary>The client sends while it reads, ends its direction, and reads the rest.</summary>
    Polite,

    /// <summary>As polite, by a few bytes at a time, with reads that are cancelled again and again.</summary>
    Trickling,

    /// <summary>As polite, but it sends everything before it reads anything, more than all buffers hold.</summary>
    Lazy,

    /// <summary>The server ends its direction after half of the frames, and takes the other half all the same.</summary>
    ServerEndsFirst,

    /// <summary>The client resets in the middle.</summary>
    ClientResets,

    /// <summary>The server resets in the middle.</summary>
    ServerResets,

    /// <summary>Not part of the soak: asks for the server's account, and ends it.</summary>
    Report,
}

/// <summary>A frame: its length and number, and bytes that follow from the connection's seed and the number, so that each side knows them beforehand.</summary>
internal static class Frame
{
    public const int Header = 8;
    public const int MostBytes = 128 * 1024;

    /// <summary>What a connection begins with: its manners, how many frames the client means to send, and its seed.</summary>
    public const int Hello = 12;

    public static void Write(Span<byte> frame, int seed, int number, int length)
    {
        BinaryPrimitives.WriteInt32LittleEndian(frame, length);
        BinaryPrimitives.WriteInt32LittleEndian(frame[4..], number);
        Fill(frame.Slice(Header, length), seed, number);
    }

    public static (int Length, int Number) ReadHeader(ReadOnlySpan<byte> frame) =>
        (BinaryPrimitives.ReadInt32LittleEndian(frame), BinaryPrimitives.ReadInt32LittleEndian(frame[4..]));

    public static bool IsRight(ReadOnlySpan<byte> bytes, int seed, int number)
    {
        uint state = Start(seed, number);
        foreach (byte one in bytes)
        {
            state = Next(state);
            if (one != (byte)(state >> 24))
                return false;
        }

        return true;
    }

    private static void Fill(Span<byte> bytes, int seed, int number)
    {
        uint state = Start(seed, number);
        foreach (ref byte one in bytes)
        {
            state = Next(state);
            one = (byte)(state >> 24);
        }
    }

    private static uint Start(int seed, int number) => (uint)seed * 2654435761u + (uint)number;

    private static uint Next(uint state) => state * 1664525u + 1013904223u;
}
