using System.Diagnostics;

namespace EventLoop.Reporting;

/// <summary>Where something was made; costs a stack walk, so only in debug mode.</summary>
internal static class Origin
{
    internal static string Capture()
    {
        var lines = new StackTrace(fNeedFileInfo: true).ToString().Split('\n');
        return string.Join('\n', lines.Where(static line => !IsOwn(line))).TrimEnd();
    }

    private static bool IsOwn(string line) =>
        line.Contains("at EventLoop.Reporting.", StringComparison.Ordinal)
        || line.Contains("at EventLoop.Diagnostics.", StringComparison.Ordinal)
        || line.Contains("at EventLoop.Loop", StringComparison.Ordinal)
        || line.Contains("at EventLoop.Task", StringComparison.Ordinal)
        || line.Contains("at EventLoop.Coroutine", StringComparison.Ordinal)
        || line.Contains("at EventLoop.Scheduling.", StringComparison.Ordinal);
}
