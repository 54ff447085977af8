using System.Diagnostics;
using System.Globalization;
using EventLoop;
using Redis.LoopRedis;
using StackExchange.Redis;

namespace Redis;

/// <summary>What a command costs by one client and by the other, in rounds that alternate: time, processor time of this process, allocation.</summary>
internal static class Figures
{
    public static async Coroutine PrintAsync(IDatabase database, RedisClient client, int commands, int rounds)
    {
        byte[] value = new byte[32];
        Measured[] cases =
        [
            new("one task, one after the other", 1, commands / 4),
            new("100 tasks, each one after the other", 100, commands),
            new("1000 tasks, each one after the other", 1000, commands),
        ];

        Console.WriteLine();
        Console.WriteLine($"{"a SET and a GET of 32 bytes, for each command",-46} {"StackExchange.Redis",28} {"LoopRedis",28}   ratio of processor time");
        foreach (var (name, tasks, count) in cases)
        {
            int each = Math.Max(1, count / 2 / tasks);
            var theirs = new List<Cost>();
            var ours = new List<Cost>();
            for (int round = 0; round <= rounds; round++)
            {
                var one = await MeasureAsync(tasks, each, async Coroutine (key) =>
                {
                    await database.StringSetAsync(key, value);
                    await database.StringGetAsync(key);
                });
                var other = await MeasureAsync(tasks, each, async Coroutine (key) =>
                {
                    await client.CallAsync("SET", key, value);
                    await client.CallAsync("GET", key);
                });
                if (round > 0)      // the first one warms up
                {
                    theirs.Add(one);
                    ours.Add(other);
                }
            }

            var (a, b) = (Cost.Median(theirs), Cost.Median(ours));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-44} {a,28} {b,28}   {b.Processor / a.Processor:F2}"));
        }
    }

    private static async Coroutine<Cost> MeasureAsync(int tasks, int each, Func<string, Coroutine> pair)
    {
        using var process = Process.GetCurrentProcess();
        long allocated = GC.GetTotalAllocatedBytes();
        var processor = process.TotalProcessorTime;
        long began = Stopwatch.GetTimestamp();
        await TaskGroup.Run(async group =>
        {
            for (int task = 0; task < tasks; task++)
            {
                group.StartSoon(WorkAsync($"{Tour.Prefix}key{task}"));
            }
        });
        var time = Stopwatch.GetElapsedTime(began);
        process.Refresh();
        double commands = 2.0 * tasks * each;
        return new Cost(time.TotalMicroseconds / commands, (process.TotalProcessorTime - processor).TotalMicroseconds / commands,
            (GC.GetTotalAllocatedBytes() - allocated) / commands);

        async Coroutine WorkAsync(string key)
        {
            for (int i = 0; i < each; i++)
            {
                await pair(key);
            }
        }
    }

    private sealed record Measured(string Name, int Tasks, int Commands);

    private sealed record Cost(double Time, double Processor, double Bytes)
    {
        public static Cost Median(List<Cost> costs) => costs.OrderBy(static cost => cost.Processor).ElementAt(costs.Count / 2);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time:F1} us, cpu {Processor:F1} us, {Bytes:F0} B");
    }
}
