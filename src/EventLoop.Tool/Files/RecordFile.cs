using System.Text;
using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Files;

/// <summary>A recording on disk: a line of JSON, the records as they are in the target (16 bytes each, in blocks preceded by their length), and, after an
/// empty block, a line with the names.</summary>
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

    internal static void WriteEnd(Stream to, Dictionary<int, string> names, Dictionary<int, string> labels, long lost)
    {
        to.Write(BitConverter.GetBytes(0));
        using var json = new Utf8JsonWriter(to);
        json.WriteStartObject();
        json.WriteNumber("lost", lost);
        Write(json, "names", names);
        Write(json, "labels", labels);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, Dictionary<int, string> table)
    {
        json.WriteStartObject(name);
        foreach (var (number, text) in table)
        {
            json.WriteText(number.ToString(System.Globalization.CultureInfo.InvariantCulture), text);
        }

        json.WriteEndObject();
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
        catch (JsonException)
        {
            throw Damaged(path);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new ToolException(ExitCode.Usage, $"{path} cannot be read: {failure.Message}");
        }
    }

    private static void ReadEnd(Stream file, ref Dictionary<int, string> names, ref Dictionary<int, string> labels, ref long lost)
    {
        try
        {
            using var end = JsonDocument.Parse(file);
            names = DumpReader.Numbered(end.RootElement, "names");
            labels = DumpReader.Numbered(end.RootElement, "labels");
            lost = end.RootElement.Long("lost");
        }
        catch (JsonException)
        {
            // It was cut short: the records are there, without their names.
        }
    }

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
        Dictionary<int, string> names = [];
        Dictionary<int, string> labels = [];
        lost = 0;
        while (file.ReadAtLeast(number, 4, throwOnEndOfStream: false) == 4)
        {
            int length = BitConverter.ToInt32(number);
            if (length == 0)
            {
                ReadEnd(file, ref names, ref labels, ref lost);
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

        long last = records.Count > 0 ? records[^1].Time : 0;
        return new Recording(head.RootElement.Text("loop") ?? "", Recording.ToEvents(records, last), names, labels);
    }
}
