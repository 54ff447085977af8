using System.Diagnostics;

namespace Inside;

internal static class Work
{
    internal static void Spin(TimeSpan time)
    {
        long then = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(then) < time)
        {
            Thread.SpinWait(100);
        }
    }
}
