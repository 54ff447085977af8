using System.Diagnostics;
using System.Globalization;

namespace EventLoop.Benchmarks.Figures;

/// <summary>
/// Quick figures of the hand-overs: every contestant of a contest once in a round, in turn, in one process; the best of the rounds counts, because what
/// others do on the machine only adds. Before that all take turns for a while, until the compiler has done with them.
/// </summary>
internal static class FiguresProgram
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    // Threads of the pool look for more work for a while, which the next contestant would pay for.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(20);

    private sealed record Contestant(string Name, Action Run)
    {
        internal List<double> Nanoseconds { get; } = [];
    }

    internal static void Run(ReadOnlySpan<string> args)
    {
        int items = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
        string only = args.Length > 2 ? args[2] : "";

        foreach (int capacity in (int[])[128, 0, 1])
        {
            string of = capacity == 0 ? "unbounded" : $"capacity {capacity}";
            Contest($"{of}: one producer, one consumer", items, rounds, only,
                new("AsyncQueue", () => Loop.Run(HandOver.Queue(capacity, items))),
                new("AsyncQueue, await foreach", () => Loop.Run(HandOver.QueueByForEach(capacity, items))),
                new("MemoryChannel", () => Loop.Run(HandOver.Channel(capacity, items))),
                new("Channel<T>, default options", () => HandOver.OnThePool(HandOver.New(capacity, single: false, inline: false), items).Wait()),
                new("Channel<T>, single reader and writer", () => HandOver.OnThePool(HandOver.New(capacity, single: true, inline: false), items).Wait()),
                new("Channel<T>, that and inline", () => HandOver.OnThePool(HandOver.New(capacity, single: true, inline: true), items).Wait()),
                new("Channel<T>, single, await foreach", () => HandOver.ByForEachOnThePool(HandOver.New(capacity, single: true, inline: false), items).Wait()));
        }

        Contest("nobody waits: a put and a get", items, rounds, only,
            new("AsyncQueue", () => Loop.Run(HandOver.QueueWithoutWaits(128, items))),
            new("Channel<T>, default options", () =>
                Task.Run(() => HandOver.WithoutWaitsOnThePool(HandOver.New(128, single: false, inline: false), items)).Wait()),
            new("Channel<T>, single reader and writer", () =>
                Task.Run(() => HandOver.WithoutWaitsOnThePool(HandOver.New(128, single: true, inline: false), items)).Wait()));

        Contest("uncontended: acquire and release", items, rounds, only,
            new("AsyncLock", () => Loop.Run(Uncontended.Lock(items))),
            new("AsyncSemaphore", () => Loop.Run(Uncontended.Semaphore(items))),
            new("CapacityLimiter", () => Loop.Run(Uncontended.Limiter(items))),
            new("SemaphoreSlim", () => Task.Run(() => Uncontended.OnThePool(items)).Wait()));
    }

    private static void Contest(string title, int operations, int rounds, string only, params Contestant[] contestants)
    {
        contestants = [.. contestants.Where(contestant => $"{title} / {contestant.Name}".Contains(only, StringComparison.OrdinalIgnoreCase))];
        if (contestants.Length == 0)
        {
            return;
        }

        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WarmUp;)
        {
            foreach (var contestant in contestants)
            {
                contestant.Run();
            }
        }

        for (int round = 0; round < rounds; round++)
        {
            foreach (var contestant in contestants)
            {
                Thread.Sleep(Rest);
                long start = Stopwatch.GetTimestamp();
                contestant.Run();
                contestant.Nanoseconds.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / operations);
            }
        }

        double first = contestants[0].Nanoseconds.Min();
        Console.WriteLine(title);
        foreach (var contestant in contestants)
        {
            contestant.Nanoseconds.Sort();
            double best = contestant.Nanoseconds[0];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {contestant.Name,-38} best {best,7:F1} ns   median {contestant.Nanoseconds[contestant.Nanoseconds.Count / 2],7:F1} ns   "
                    + $"{best / first,5:F2} x"));
        }
    }
}
