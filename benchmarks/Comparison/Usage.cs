using System.Globalization;
using System.Runtime.InteropServices;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>What this process has used so far, threads that have ended included.</summary>
internal readonly partial record struct Usage(double CpuSeconds, long Voluntary, long Involuntary)
{
    // struct rusage: two times of two longs each, fourteen counters; the last two are the context switches.
    private const int Longs = 18;

    public static Usage Now()
    {
        Span<long> usage = stackalloc long[Longs];
        if (!OperatingSystem.IsLinux() || GetResourceUsage(0, usage) != 0)
        {
            return new Usage(Environment.CpuUsage.TotalTime.TotalSeconds, 0, 0);
        }

        return new Usage(usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6), usage[16], usage[17]);
    }

    public static Usage operator -(Usage after, Usage before) =>
        new(after.CpuSeconds - before.CpuSeconds, after.Voluntary - before.Voluntary, after.Involuntary - before.Involuntary);

    /// <summary>A number of /proc/self/status, such as VmHWM in KiB or Threads; 0 where there is none.</summary>
    public static long Status(string field)
    {
        const string status = "/proc/self/status";
        string? line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(l => l.StartsWith(field + ":", StringComparison.Ordinal)) : null;
        return line is null ? 0 : long.Parse(line[(field.Length + 1)..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetResourceUsage(int who, Span<long> usage);
}
