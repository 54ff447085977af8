using System.Globalization;

namespace EventLoop.Executors;

/// <summary>What the system tells about processes and their memory. Zero where it does not. Any thread.</summary>
internal static class WorkerMemory
{
    internal static long ResidentBytes(int process)
    {
        try
        {
            string[] parts = File.ReadAllText($"/proc/{process}/statm").Split(' ');
            return long.Parse(parts[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return 0;
        }
    }

    /// <summary>How many processes of this one's control group were killed for lack of memory.</summary>
    internal static long KilledByTheSystem()
    {
        try
        {
            string group = File.ReadLines("/proc/self/cgroup").FirstOrDefault(static line => line.StartsWith("0::", StringComparison.Ordinal)) is { } line
                ? line[3..] : "/";
            string path = $"/sys/fs/cgroup{group.TrimEnd('/')}/memory.events";
            string? count = File.ReadLines(File.Exists(path) ? path : "/sys/fs/cgroup/memory.events").FirstOrDefault(static line =>
                line.StartsWith("oom_kill ", StringComparison.Ordinal));
            return count is null ? 0 : long.Parse(count["oom_kill ".Length..], CultureInfo.InvariantCulture);
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or FormatException)
        {
            return 0;
        }
    }
}
