using System.Diagnostics;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>Hands out the jobs by number and notes how long each took. Every slot is written once, by whoever has the job.</summary>
internal sealed class Latencies(int count)
{
    private readonly double[] milliseconds = new double[count];
    private int next = -1;

    public int Count => count;

    /// <returns>False when there is no job left.</returns>
    public bool TryTake(out int job) => (job = Interlocked.Increment(ref next)) < count;

    public void Done(int job, long started) => milliseconds[job] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;

    public double Quantile(double share)
    {
        double[] sorted = [.. milliseconds.Order()];
        return sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
    }
}
