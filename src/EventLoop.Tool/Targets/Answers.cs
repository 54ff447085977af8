using System.Globalization;
using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Targets;

/// <summary>Snapshots, from a process or from a dump.</summary>
internal static class Answers
{
    /// <summary>Those of a process, as they arrived.</summary>
    internal static List<byte[]> Json(CommandLine line, bool bunches) =>
        [.. Ask(line, bunches).Where(static part => part.Kind == "snapshot").Select(static part => part.Data)];

    internal static List<LoopSnapshot> Snapshots(CommandLine line, bool bunches = false)
    {
        if (line.Process is null && line.Operands.Count > 0)
        {
            return [.. Files.DumpReader.Read(line.Operands[0]).Select(static dump => dump.Snapshot)];
        }

        return Parse(Ask(line, bunches));
    }

    private static List<(string Kind, byte[] Data)> Ask(CommandLine line, bool bunches)
    {
        var target = Target.Find(line.RequiredProcess);
        var arguments = Arguments(line);
        arguments["most"] = bunches ? "0" : line.Has("--all") ? int.MaxValue.ToString(CultureInfo.InvariantCulture)
            : line.Number("--most", 10_000).ToString(CultureInfo.InvariantCulture);
        return Question.Ask(target, "ps", arguments, line.Timeout);
    }

    internal static Dictionary<string, string> Arguments(CommandLine line)
    {
        var arguments = new Dictionary<string, string>();
        if (line.Loop is { } loop)
        {
            arguments["loop"] = loop;
        }

        if (line.Value("--filter") is { } filter)
        {
            arguments["filter"] = filter;
        }

        return arguments;
    }

    internal static List<LoopSnapshot> Parse(List<(string Kind, byte[] Data)> parts)
    {
        var snapshots = new List<LoopSnapshot>();
        foreach (var (kind, data) in parts)
        {
            if (kind == "snapshot")
            {
                snapshots.Add(Snapshot(data));
            }
        }

        return snapshots;
    }

    /// <exception cref="ToolException">It comes from a newer library.</exception>
    internal static LoopSnapshot Snapshot(byte[] data)
    {
        try
        {
            return LoopSnapshot.ReadJson(new MemoryStream(data));
        }
        catch (FormatException unknown)
        {
            throw new ToolException(ExitCode.NoAnswer,
                $"The library in that process is newer than this tool: use the tool of its version. ({unknown.Message})");
        }
    }

    /// <summary>Whether it may be shown as it arrived: JSON of a known version that contains only printable ASCII.</summary>
    internal static bool IsPlain(byte[] data)
    {
        if (data.AsSpan().ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            return false;
        }

        try
        {
            var json = new Utf8JsonReader(data);
            bool known = json.Read() && json.TokenType == JsonTokenType.StartObject && json.Read() && json.ValueTextEquals("v") && json.Read()
                && json.TryGetInt32(out int version) && version <= LoopEventSource.Version;
            while (known && json.Read())
            {
            }

            return known;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
