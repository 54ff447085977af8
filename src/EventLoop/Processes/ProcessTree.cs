using System.Globalization;
using EventLoop.Native;

namespace EventLoop.Processes;

/// <summary>Finds the descendants of a process, as far as possible: one whose parent has ended belongs to another process by then. Any thread.</summary>
internal static class ProcessTree
{
    /// <summary>Opens a handle for each of them, to be disposed. A number that another process got between the look and the opening is left out.</summary>
    internal static List<ChildDevice> Open(int ancestor)
    {
        List<ChildDevice> opened = [];
        foreach (var (id, parent) in Descendants(ancestor))
        {
            if (ChildDevice.OpenStranger(id) is not { } process)
            {
                continue;
            }

            // While the handle is open the number remains its own. One with another parent is a stranger, or one whose parent has ended, which cannot be told
            // apart.
            if (ParentOf($"/proc/{id}") == parent)
            {
                opened.Add(process);
            }
            else
            {
                process.Dispose();
            }
        }

        return opened;
    }

    private static List<(int Id, int Parent)> Descendants(int ancestor)
    {
        var children = new Dictionary<int, List<int>>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id) && ParentOf(folder) is { } parent)
            {
                (children.TryGetValue(parent, out var siblings) ? siblings : children[parent] = []).Add(id);
            }
        }

        var found = new List<(int Id, int Parent)>();
        var next = new Queue<int>([ancestor]);
        while (next.TryDequeue(out int parent))
        {
            foreach (int child in children.GetValueOrDefault(parent) ?? [])
            {
                found.Add((child, parent));
                next.Enqueue(child);
            }
        }

        return found;
    }

    /// <summary>The process group of the process with this folder in /proc; null: it is gone.</summary>
    internal static int? GroupOf(string folder) => NumberIn(folder, 2);

    private static int? ParentOf(string folder) => NumberIn(folder, 1);

    // "4711 (a name) S 4242 4711 ...": the name may contain anything.
    private static int? NumberIn(string folder, int field)
    {
        try
        {
            string line = File.ReadAllText(Path.Combine(folder, "stat"));
            string[] parts = line[(line.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return parts.Length > field && int.TryParse(parts[field], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
