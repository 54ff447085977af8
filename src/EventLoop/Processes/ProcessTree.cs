using System.Globalization;
using EventLoop.Polling;

namespace EventLoop.Processes;

/// <summary>The descendants of a process, as far as they can be found: one whose parent has ended is another's by then. Any thread.</summary>
internal static class ProcessTree
{
    /// <summary>Sends a signal to all of them, each by a handle of its own.</summary>
    internal static void Signal(int ancestor, int signal)
    {
        foreach (int id in Descendants(ancestor))
        {
            using var process = ChildDevice.OpenStranger(id);
            process?.SendToStranger(signal);
        }
    }

    internal static List<int> Descendants(int ancestor)
    {
        var children = new Dictionary<int, List<int>>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id) && ParentOf(folder) is { } parent)
            {
                (children.TryGetValue(parent, out var siblings) ? siblings : children[parent] = []).Add(id);
            }
        }

        var found = new List<int>();
        var next = new Queue<int>([ancestor]);
        while (next.TryDequeue(out int parent))
        {
            foreach (int child in children.GetValueOrDefault(parent) ?? [])
            {
                found.Add(child);
                next.Enqueue(child);
            }
        }

        return found;
    }

    // "4711 (a name) S 4242 ...": the name may hold anything.
    private static int? ParentOf(string folder)
    {
        try
        {
            string line = File.ReadAllText(Path.Combine(folder, "stat"));
            string[] parts = line[(line.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return parts.Length > 1 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int parent) ? parent : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
