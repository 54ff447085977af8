using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EventLoop.Diagnostics;

/// <summary>The dumps that earlier runs of this program have left in a folder. Not those of other programs, nor of a process of this one that still runs: who
/// shares a folder deletes nothing of the others'.</summary>
internal static class EarlierDumps
{
    private const int LongestHead = 4096;

    /// <param name="folder">Where they are.</param>
    /// <param name="loop">The loop as its files are called; null: all loops that nobody has named.</param>
    /// <returns>The oldest first; nothing if the folder cannot be read.</returns>
    internal static List<string> In(string folder, string? loop)
    {
        try
        {
            var found = new List<(DateTime At, string Path)>();
            var starts = new Dictionary<int, DateTime>();
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles($"{loop ?? "loop"}-*{DumpWriter.Extension}"))
            {
                if (TryParse(file.Name, out string name, out int process) && (loop is null ? IsMade(name) : name == loop)
                    && !WriterRuns(process, file, starts) && IsOfThisProgram(file, process))
                {
                    found.Add((file.LastWriteTimeUtc, file.FullName));
                }
            }

            return [.. found.OrderBy(static one => one.At).ThenBy(static one => one.Path, StringComparer.Ordinal).Select(static one => one.Path)];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // "orders-4711-20260102T030405678-1-stall.eldump"; the name of the loop may have dashes, too.
    private static bool TryParse(string file, out string loop, out int process)
    {
        string[] parts = file[..^DumpWriter.Extension.Length].Split('-');
        (loop, process) = ("", 0);
        if (parts.Length < 5 || !DumpWriter.Causes.Contains(parts[^1]) || !IsNumber(parts[^2], out _) || !IsNumber(parts[^4], out process)
            || !DateTime.TryParseExact(parts[^3], DumpWriter.TimeInName, CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
        {
            return false;
        }

        loop = string.Join('-', parts[..^4]);
        return true;
    }

    private static bool IsNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    // "loop-7", or "loop-7-0" in a group.
    private static bool IsMade(string name) => name.Split('-') is ["loop", _, ..] parts && Array.TrueForAll(parts[1..], static part => IsNumber(part, out _));

    // Whether a process of that number runs which was there when the file was written, whatever it is called now: a number may have gone to somebody else, and
    // this process's own may be that of an earlier one, as in a container. When one has started is known to a second.
    private static bool WriterRuns(int process, FileInfo file, Dictionary<int, DateTime> starts)
    {
        if (!starts.TryGetValue(process, out var start))
        {
            try
            {
                using var writer = Process.GetProcessById(process);
                start = writer.StartTime.ToUniversalTime();
            }
            catch (ArgumentException)
            {
                start = DateTime.MaxValue;      // there is none
            }
            catch (Exception unknown) when (unknown is InvalidOperationException or System.ComponentModel.Win32Exception or NotSupportedException)
            {
                start = DateTime.MinValue;
            }

            starts[process] = start;
        }

        return start != DateTime.MaxValue && file.LastWriteTimeUtc >= start.AddSeconds(start == DateTime.MinValue ? 0 : -2);
    }

    private static bool IsOfThisProgram(FileInfo file, int process)
    {
        try
        {
            using var lines = file.OpenText();
            char[] head = new char[LongestHead];
            int length = lines.ReadBlock(head);
            int end = head.AsSpan(0, length).IndexOf('\n');
            using var json = JsonDocument.Parse(head.AsMemory(0, Math.Max(0, end)));
            var root = json.RootElement;
            return root.ValueKind == JsonValueKind.Object && root.Text("kind") == "dump" && root.Int("pid") == process
                && root.Text("process") == ProgramName.Value;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }
}
