using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using EventLoop;

namespace Processes;

/// <summary>The tutorials' job for a pool of processes, here and in Python's ProcessPoolExecutor. The sums compare languages, the small jobs pools.</summary>
internal static class Tutorial
{
    private const int Jobs = 20, Micros = 100;

    public static async Coroutine Run(Report report)
    {
        int squares = report.IsQuick ? 1_000_000 : 10_000_000, small = report.IsQuick ? 2_000 : 10_000, workers = Environment.ProcessorCount;
        int rounds = report.IsQuick ? 2 : 3;
        await using var pool = new ProcessExecutor(new ProcessExecutorOptions { Workers = workers });
        await pool.WarmUpAsync();
        await Drain(pool.Map(Spin, Enumerable.Repeat(10_000, workers * 2)));
        List<Times> ours = [], pythons = [];
        string? version = null;
        try
        {
            for (int i = 0; i < rounds; i++)      // who is first takes turns
            {
                if (i % 2 == 0)
                {
                    ours.Add(await Ours(pool, squares, small));
                }

                (version, var times) = await Python(workers, squares, small);
                pythons.Add(times);
                if (i % 2 != 0)
                {
                    ours.Add(await Ours(pool, squares, small));
                }
            }
        }
        catch (Exception missing) when (missing is FileNotFoundException or ProcessFailedException)
        {
            report.Say($"skipped  Python's pool: {missing.Message.Split('\n')[0]}");
        }

        report.Add($"{Jobs} sums of {squares:N0} squares, {workers} workers", Report.Median(ours.Select(static one => one.Squares)), "s");
        report.Add($"{small:N0} jobs of {Micros} us, {workers} workers", Report.Median(ours.Select(static one => one.Small)), "s");
        report.Add("    in chunks of 20", Report.Median(ours.Select(static one => one.Chunked)), "s");
        if (pythons.Count == rounds)
        {
            report.Add($"    Python {version}'s ProcessPoolExecutor: the sums", Report.Median(pythons.Select(static one => one.Squares)), "s");
            report.Add($"    Python {version}'s ProcessPoolExecutor: the small jobs", Report.Median(pythons.Select(static one => one.Small)), "s");
            report.Add($"    Python {version}'s ProcessPoolExecutor: in chunks of 20", Report.Median(pythons.Select(static one => one.Chunked)), "s");
            report.Add("small jobs, ours by Python's", Report.Median(ours.Zip(pythons, static (mine, theirs) => mine.Small / theirs.Small)));
        }
    }

    private static async Coroutine<Times> Ours(ProcessExecutor pool, int squares, int small)
    {
        var time = Stopwatch.StartNew();
        await Drain(pool.Map(SumOfSquares, Enumerable.Repeat(squares, Jobs)));
        double sums = time.Elapsed.TotalSeconds;
        time.Restart();
        await Drain(pool.Map(Spin, Enumerable.Repeat(Micros, small)));
        double jobs = time.Elapsed.TotalSeconds;
        time.Restart();
        await Drain(pool.Map(Spin, Enumerable.Repeat(Micros, small), chunk: 20));
        return new Times(sums, jobs, time.Elapsed.TotalSeconds);
    }

    private static async Coroutine<(string Version, Times Times)> Python(int workers, int squares, int small)
    {
        string answer = await Subprocess.ReadTextAsync("python3", Path.Combine(AppContext.BaseDirectory, "pool.py"),
            $"{workers}", $"{Jobs}", $"{squares}", $"{small}", $"{Micros}");
        var python = JsonDocument.Parse(answer).RootElement;
        double Seconds(string what) => python.GetProperty(what).GetDouble();
        return (python.GetProperty("version").GetString()!, new Times(Seconds("squares"), Seconds("small"), Seconds("chunked")));
    }

    private static async Coroutine Drain<T>(IAsyncEnumerable<T> results)
    {
        await foreach (var _ in results)
        {
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfSquares(int size)
    {
        UInt128 sum = 0;
        for (ulong i = 0; i < (ulong)size; i++)
        {
            sum += i * i;
        }

        return double.Parse(sum.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static int Spin(int micros)
    {
        var time = Stopwatch.StartNew();
        while (time.Elapsed.TotalMicroseconds < micros)
        {
        }

        return micros;
    }

    /// <summary>In seconds.</summary>
    private readonly record struct Times(double Squares, double Small, double Chunked);
}
