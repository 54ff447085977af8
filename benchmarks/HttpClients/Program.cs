// Parallel GETs from a loop: HttpClient with its default handler and with LoopHttp's, alternately in one run.
//   HttpClients URL [--parallel 16] [--seconds 2] [--rounds 4]
using System.Diagnostics;
using EventLoop;
using EventLoop.Net;

int Number(string option, int otherwise) => Array.IndexOf(args, option) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1]) : otherwise;

string url = args[0];
int parallel = Number("--parallel", 16);
var time = TimeSpan.FromSeconds(Number("--seconds", 2));
Loop.Run(async () =>
{
    using var usual = new HttpClient();
    using var looped = new HttpClient(LoopHttp.CreateHandler());
    double first = 0, second = 0;
    for (int round = 0; round < Number("--rounds", 4); round++)
    {
        double a = await Measure("default", usual), b = await Measure("LoopHttp", looped);
        if (round > 0)
        {
            (first, second) = (first + a, second + b);       // the first round warms up
        }
    }

    Console.WriteLine($"LoopHttp / default: {second / first:F2} x requests/s");
});

async Coroutine<double> Measure(string name, HttpClient client)
{
    int requests = 0;
    long hops = ThreadPool.CompletedWorkItemCount;
    var cpu = Process.GetCurrentProcess().TotalProcessorTime;
    var clock = Stopwatch.StartNew();
    await Loop.Gather(Enumerable.Range(0, parallel).Select(async Coroutine (_) =>
    {
        while (clock.Elapsed < time)
        {
            await client.GetByteArrayAsync(url);
            requests++;
        }
    }));
    var used = Process.GetCurrentProcess().TotalProcessorTime - cpu;
    Console.WriteLine(
        $"{name,-9} {requests / clock.Elapsed.TotalSeconds,8:F0} requests/s  {used.TotalMicroseconds / requests,6:F1} us CPU  "
            + $"{(double)(ThreadPool.CompletedWorkItemCount - hops) / requests:F3} hops");
    return requests / clock.Elapsed.TotalSeconds;
}
