using System.Diagnostics;
using System.Net;
using EventLoop;
using EventLoop.Net;

namespace Processes;

/// <summary>Two loops on threads of their own.</summary>
internal static class Groups
{
    private const int Connections = 16;

    public static void Run(Report report) => LoopGroup.Run(
        async Coroutine (group) =>
        {
            await Hops(report, group);
            await Balance(report, group, AcceptMode.HandOff, goal: 1);
            await Balance(report, group, AcceptMode.ReusePort, goal: null);
        },
        new LoopGroupOptions { Loops = 2 });

    private static async Coroutine Hops(Report report, LoopGroup group)
    {
        const int calls = 3000;
        List<double> ratios = [], micros = [];
        for (int i = 0; i < report.Rounds + 1; i++)
        {
            var time = Stopwatch.StartNew();
            for (int j = 0; j < calls; j++)
            {
                await group.RunOn(7, static async Coroutine<int> () => 1);
            }

            double ours = time.Elapsed.TotalMicroseconds;
            var loop = group.On(7);
            time.Restart();
            for (int j = 0; j < calls; j++)
            {
                await loop.Submit(static async Coroutine<int> () => 1);
            }

            if (i > 0)
            {
                ratios.Add(ours / time.Elapsed.TotalMicroseconds);
                micros.Add(ours / calls);
            }
        }

        report.Add("group: RunOn and back, by loop.Submit", Report.Median(ratios), goal: 1.5);
        report.Add("    one", Report.Median(micros), "us");
    }

    private static async Coroutine Balance(Report report, LoopGroup group, AcceptMode mode, double? goal)
    {
        List<double> busiest = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            await using var server = group.Listen(new IPEndPoint(IPAddress.Loopback, 0), static async Coroutine (connection) => await connection.ReadAsync(new byte[1]),
                new GroupListenOptions { Accept = mode });
            List<Connection> open = [];
            for (int j = 0; j < Connections; j++)
            {
                open.Add(await Tcp.ConnectAsync("127.0.0.1", ((IPEndPoint)server.EndPoint).Port));
            }

            while (server.ConnectionCounts.Sum() < Connections)
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            }

            busiest.Add(server.ConnectionCounts.Max() / server.ConnectionCounts.Average());
            foreach (var connection in open)
            {
                await connection.DisposeAsync();
            }
        }

        report.Add($"group: {Connections} long connections by {mode}, busiest loop by mean", Report.Median(busiest), goal: goal);
    }
}
