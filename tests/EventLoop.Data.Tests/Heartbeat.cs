using System.Diagnostics;

namespace EventLoop.Data.Tests;

/// <summary>Measures for how long the loop stood still at worst while something else went on.</summary>
internal static class Heartbeat
{
    public static async Coroutine<TimeSpan> DuringAsync(Func<Coroutine> what)
    {
        var worst = TimeSpan.Zero;
        var every = TimeSpan.FromMilliseconds(5);
        var beating = Loop.CreateTask(async Coroutine () =>
        {
            while (true)
            {
                long before = Stopwatch.GetTimestamp();
                await Loop.Sleep(every);
                var late = Stopwatch.GetElapsedTime(before) - every;
                worst = late > worst ? late : worst;
            }
        });
        try
        {
            await what();
        }
        finally
        {
            beating.Cancel();
        }

        return worst;
    }
}
