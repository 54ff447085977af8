using System.Diagnostics;
using System.Globalization;

namespace EventLoop.Benchmarks.Scheduler;

/// <summary>Times cases and prints them, for people or as JSON lines like those of the peers.</summary>
internal sealed class Report(string runtime, bool json)
{
    private static readonly string Version = Environment.Version.ToString();

    public void Case(string name, int round, int operations, Action run)
    {
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        run();
        double ns = Stopwatch.GetElapsedTime(start).TotalNanoseconds / operations;
        double allocated = (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)operations;
        Print(json
            ? $$"""{"runtime":"{{runtime}}","version":"{{Version}}","case":"{{name}}","round":{{round}},"ns":{{ns:F2}},"bytes":{{allocated:F1}}}"""
            : (FormattableString)$"{name,-10} {ns,8:F1} ns/op {allocated,8:F1} B/op");
    }

    public void Sleep(int n, TimeSpan wall, double bytes)
    {
        double rss = Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0;
        Print(json
            ? $$"""{"runtime":"{{runtime}}","version":"{{Version}}","case":"sleep","n":{{n}},"ms":{{wall.TotalMilliseconds:F1}},"rss_mb":{{rss:F1}},"bytes":{{bytes:F1}}}"""
            : (FormattableString)$"sleep {n}: {bytes:F1} B of managed memory each, {wall.TotalMilliseconds:F0} ms, peak RSS {rss:F0} MB");
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
