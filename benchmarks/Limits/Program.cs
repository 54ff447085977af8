// Two limits that are promised as figures and not as ratios.
//   Limits idle [N=10000]     memory of a server with N connections that were used once and are idle, above the empty server: at most 60 MB for 10 000, and
//                             2 KiB of managed memory for each
//   Limits sleep [N=2000]     Sleep(50 us): how long it takes; at most 100 us at the median
// Ends with 1 when the limit is missed.
using System.Diagnostics;
using System.Globalization;
using EventLoop;
using EventLoop.Benchmarks.Limits;

int n = args.Length > 1 && int.TryParse(args[1], CultureInfo.InvariantCulture, out int given) && given > 0 ? given : 0;
switch (args.FirstOrDefault())
{
    case "serve":
        Loop.Run(IdleConnections.ServeAsync);
        return 0;

    case "idle":
        n = n > 0 ? n : 10_000;
        var (empty, full) = Loop.Run(() => IdleConnections.MeasureAsync(n));
        double resident = (full.Resident - empty.Resident) * 1e6 / n, managed = (full.Managed - empty.Managed) / (double)n;
        Console.WriteLine($"{n} idle connections: {full.Resident - empty.Resident:0.0} MB above the {empty.Resident:0.0} MB of the empty server, {resident:0} bytes "
            + $"for each; of managed memory {managed:0} bytes for each");
        return resident <= 6000 && managed <= 2048 ? 0 : 1;

    case "sleep":
        n = n > 0 ? n : 2000;
        double[] micros = Loop.Run(() => SleepAsync(n));
        Console.WriteLine($"Sleep(50 us), {n} times: median {micros[n / 2]:0.0} us, nine of ten {micros[n * 9 / 10]:0.0} us, shortest {micros[0]:0.0} us");
        return micros[n / 2] <= 100 ? 0 : 1;

    default:
        Console.Error.WriteLine("usage: Limits idle [N] | sleep [N]");
        return 2;
}

static async Coroutine<double[]> SleepAsync(int n)
{
    var micros = new double[n];
    for (int round = 0; round < 2; round++)       // the first one warms up
    {
        for (int i = 0; i < n; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await Loop.Sleep(TimeSpan.FromMicroseconds(50));
            micros[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
    }

    Array.Sort(micros);
    return micros;
}
