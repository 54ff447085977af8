using System.Text;
using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Files;

/// <summary>A recording on disk: a line of JSON, the records as they are in the target (16 bytes each, in blocks preceded by their length), and, after an
/// empty block, a line with the notes.</summary>
internal static class RecordFile
{
    internal static void WriteHead(Stream to, int process, string loop)
    {
        using (var json = new Utf8JsonWriter(to))
        {
            json.WriteStartObject();
            json.WriteNumber("v", LoopEventSource.Version);
            json.WriteString("kind", "recording");
            json.WriteNumber("pid", process);
            json.WriteText("loop", loop);
            json.WriteEndObject();
        }

        to.WriteByte((byte)'\n');
    }

    internal static void WriteBlock(Stream to, byte[] records)
    {
        to.Write(BitConverter.GetBytes(records.Length));
        to.Write(records);
    }

    internal static void WriteEnd(Stream to, RecordNotes notes)
    {
        to.Write(BitConverter.GetBytes(0));
        using var json = new Utf8JsonWriter(to);
        notes.Write(json);
    }

    internal static void Add(List<(byte Kind, long Time, int Task, uint Other)> records, ReadOnlySpan<byte> block)
    {
        for (; block.Length >= 16; block = block[16..])
        {
            ulong first = BitConverter.ToUInt64(block);
            ulong second = BitConverter.ToUInt64(block[8..]);
            records.Add(((byte)first, (long)(first >> 8), (int)(second >> 32), (uint)second));
        }
    }

    internal static bool IsOne(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            byte[] head = new byte[200];
            int length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            return Encoding.UTF8.GetString(head, 0, length).Contains("\"kind\":\"recording\"", StringComparison.Ordinal);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Usage, $"{path} cannot be read: {failure.Message}");
        }
    }

    internal static Recording Read(string path) => Read(path, out _);

    /// <param name="path">The file.</param>
    /// <param name="lost">How many records are missing from it.</param>
    /// <exception cref="ToolException">It cannot be read, is damaged, or was written by a newer tool.</exception>
    internal static Recording Read(string path, out long lost)
    {
        try
        {
            using var file = new BufferedStream(File.OpenRead(path), 1 << 16);
            return Read(file, path, out lost);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw Damaged(path);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new ToolException(ExitCode.Usage, $"{path} cannot be read: {failure.Message}");
        }
    }

    private static void ReadEnd(Stream file, RecordNotes notes)
    {
        try
        {
            using var end = JsonDocument.Parse(file);
            notes.Read(end.RootElement);
        }
        catch (JsonException)
        {
            // It was cut short: the records are there, without their names.
        }
    }

    // Times have 56 bits; what is longer could not even be added to one.
    private static bool IsPossible((byte Kind, long Time, int Task, uint Other) record) =>
        record.Kind != (byte)RecordedEventKind.Idle || (uint)record.Task < 1 << 24;

    private static ToolException Damaged(string path) => new(ExitCode.Usage, $"{path} is damaged.");

    private static Recording Read(BufferedStream file, string path, out long lost)
    {
        var line = new List<byte>();
        for (int one = file.ReadByte(); one is not (-1 or '\n'); one = file.ReadByte())
        {
            line.Add((byte)one);
        }

        using var head = JsonDocument.Parse(line.ToArray());
        if (head.RootElement.Int("v") > LoopEventSource.Version)
        {
            throw new ToolException(ExitCode.Usage, $"{path} was written by a newer tool: show it with that.");
        }

        var records = new List<(byte Kind, long Time, int Task, uint Other)>();
        byte[] number = new byte[4];
        var notes = new RecordNotes();
        while (file.ReadAtLeast(number, 4, throwOnEndOfStream: false) == 4)
        {
            int length = BitConverter.ToInt32(number);
            if (length == 0)
            {
                ReadEnd(file, notes);
                break;
            }

            if (length < 0 || length > 1 << 20)
            {
                throw Damaged(path);
            }

            byte[] block = new byte[length];
            int read = file.ReadAtLeast(block, length, throwOnEndOfStream: false);
            Add(records, block.AsSpan(0, read));
        }

        if (!records.TrueForAll(IsPossible))
        {
            throw Damaged(path);
        }

        lost = notes.Lost;
        return notes.ToRecording(records, head.RootElement.Text("loop") ?? "");
    }
}
