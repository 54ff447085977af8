using System.Globalization;
using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Targets;

/// <summary>Snapshots, from a process or from a dump: of the loops and tasks that are asked for.</summary>
internal static class Answers
{
    internal const int MostTasks = 10_000;      // that are told one by one unless more are asked for

    private const int MostNames = 10;

    /// <summary>Those of a process, as they arrived.</summary>
    internal static List<byte[]> Json(Target target, CommandLine line, bool bunches) =>
        [.. Ask(target, line, bunches).Where(static part => part.Kind == "snapshot").Select(static part => part.Data)];

    /// <param name="target">Null: those of a dump.</param>
    /// <param name="line">The command line.</param>
    /// <param name="bunches">Whether no task is told by itself.</param>
    /// <exception cref="ToolException">There is none of the name that is asked for.</exception>
    internal static List<LoopSnapshot> Snapshots(Target? target, CommandLine line, bool bunches = false) =>
        target is null ? [.. Dumps(line).Select(static dump => dump.Snapshot)] : Parse(Ask(target, line, bunches));

    /// <returns>The process that is asked; null: there is a dump instead.</returns>
    internal static Target? TargetOf(CommandLine line) => line.Process is null && line.Operands.Count > 0 ? null : Target.Find(line.RequiredProcess);

    /// <summary>The loops of a dump.</summary>
    /// <exception cref="ToolException">It cannot be read, or there is none of the name that is asked for.</exception>
    internal static List<Files.Dump> Dumps(CommandLine line)
    {
        var dumps = Named(Files.DumpReader.Read(line.Operands[0]), line);
        string? filter = line.Value("--filter");
        int most = line.Has("--all") ? int.MaxValue : line.Number("--most", int.MaxValue);
        return filter is null && most == int.MaxValue ? dumps : [.. dumps.Select(dump => dump with { Snapshot = dump.Snapshot.Only(filter, most) })];
    }

    /// <summary>Those of the name or number that is asked for.</summary>
    /// <exception cref="ToolException">There is none.</exception>
    internal static List<Files.Dump> Named(List<Files.Dump> dumps, CommandLine line)
    {
        if (line.Loop is not { } name)
        {
            return dumps;
        }

        var named = dumps.FindAll(dump => dump.Snapshot.LoopName == name || dump.Snapshot.LoopId.ToString(CultureInfo.InvariantCulture) == name);
        return named.Count > 0 ? named : throw NoSuchLoop(name, line.Operands[0], dumps.Select(static dump => dump.Snapshot));
    }

    /// <summary>What is told where a process has given no loop.</summary>
    internal static ToolException NoLoop(Target target, CommandLine line)
    {
        var loops = Parse(Question.Ask(target, "bunches", new Dictionary<string, string>(), line.Timeout));
        string where = $"process {target.Id} ({target.Name})";
        return line.Loop is { } name && loops.Count > 0 ? NoSuchLoop(name, where, loops)
            : new ToolException(ExitCode.NoEventLoop, $"There is no loop in {where} at the moment.");
    }

    private static ToolException NoSuchLoop(string name, string where, IEnumerable<LoopSnapshot> loops)
    {
        string[] names = [.. loops.Select(static loop => $"'{loop.LoopName}' #{loop.LoopId}")];
        string others = names.Length > MostNames ? $" and {names.Length - MostNames} more" : "";
        return new ToolException(ExitCode.Usage,
            $"There is no loop '{name}' in {where}; there {(names.Length == 1 ? "is" : "are")} {string.Join(", ", names.Take(MostNames))}{others}.");
    }

    private static List<(string Kind, byte[] Data)> Ask(Target target, CommandLine line, bool bunches)
    {
        var arguments = Arguments(line);
        arguments["most"] = bunches ? "0" : line.Has("--all") ? int.MaxValue.ToString(CultureInfo.InvariantCulture)
            : line.Number("--most", MostTasks).ToString(CultureInfo.InvariantCulture);
        var parts = Question.Ask(target, "ps", arguments, line.Timeout);
        return line.Loop is null || parts.Exists(static part => part.Kind == "snapshot") ? parts : throw NoLoop(target, line);
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
