using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using EventLoop;

namespace Processes;

/// <summary>The tutorials' job for a pool of processes, here and in Python's ProcessPoolExecutor.</summary>
internal static class Tutorial
{
    private const int Jobs = 20, Micros = 100;

    public static async Coroutine Run(Report report)
    {
        int squares = report.IsQuick ? 1_000_000 : 10_000_000, small = report.IsQuick ? 2_000 : 10_000, workers = Environment.ProcessorCount;
        await using var pool = new ProcessExecutor(new ProcessExecutorOptions { Workers = workers });
        await pool.WarmUpAsync();
        var time = Stopwatch.StartNew();
        await Drain(pool.Map(SumOfSquares, Enumerable.Repeat(squares, Jobs)));
        double ours = time.Elapsed.TotalSeconds;
        time.Restart();
        await Drain(pool.Map(Spin, Enumerable.Repeat(Micros, small)));
        double oursSmall = time.Elapsed.TotalSeconds;
        time.Restart();
        await Drain(pool.Map(Spin, Enumerable.Repeat(Micros, small), chunk: 20));
        double oursChunked = time.Elapsed.TotalSeconds;
        report.Add($"{Jobs} sums of {squares:N0} squares, {workers} workers", ours, "s");
        report.Add($"{small:N0} jobs of {Micros} us, {workers} workers", oursSmall, "s");
        report.Add("    in chunks of 20", oursChunked, "s");
        try
        {
            string answer = await Subprocess.ReadTextAsync("python3", Path.Combine(AppContext.BaseDirectory, "pool.py"),
                $"{workers}", $"{Jobs}", $"{squares}", $"{small}", $"{Micros}");
            var python = JsonDocument.Parse(answer).RootElement;
            string version = python.GetProperty("version").GetString()!;
            report.Add($"    Python {version}'s ProcessPoolExecutor: the sums", python.GetProperty("squares").GetDouble(), "s");
            report.Add($"    Python {version}'s ProcessPoolExecutor: the small jobs", python.GetProperty("small").GetDouble(), "s");
            report.Add($"    Python {version}'s ProcessPoolExecutor: in chunks of 20", python.GetProperty("chunked").GetDouble(), "s");
            report.Add("small jobs, ours by Python's", oursSmall / python.GetProperty("small").GetDouble());
        }
        catch (Exception missing) when (missing is FileNotFoundException or ProcessFailedException)
        {
            report.Say($"skipped  Python's pool: {missing.Message.Split('\n')[0]}");
        }
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
}
