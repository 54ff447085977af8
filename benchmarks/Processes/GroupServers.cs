using System.Diagnostics;
using System.Net;
using EventLoop;
using EventLoop.Net;

namespace Processes;

/// <summary>Servers of a group: what hand-off costs, and what the end does.</summary>
internal static class GroupServers
{
    private const int Clients = 16;

    public static void Run(Report report)
    {
        Echoes(report);
        Short(report);
        Stop(report);
    }

    // The same sixteen clients, on a thread of their own.
    private static void Echoes(Report report)
    {
        int count = report.IsQuick ? 20_000 : 60_000;
        List<double> ratios = [], micros = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            double two = CpuOfEchoes(2, count), one = CpuOfEchoes(1, count);
            ratios.Add(two / one);
            micros.Add(two);
        }

        report.Add($"group: processor time of an echo, {Clients} connections handed to two loops, by one loop's", Report.Median(ratios), goal: 1.1);
        report.Add("    one, with its client", Report.Median(micros), "us");
    }

    private static double CpuOfEchoes(int loops, int count) => LoopGroup.Run(
        async Coroutine<double> (group) =>
        {
            await using var server = group.Listen(new IPEndPoint(IPAddress.Loopback, 0), Echo);
            var endPoint = server.EndPoint;
            await OnThread(endPoint, count / 10, Talk);
            var cpu = Environment.CpuUsage.TotalTime;
            await OnThread(endPoint, count, Talk);
            return (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count;
        },
        new LoopGroupOptions { Loops = loops });

    private static void Short(Report report)
    {
        int count = report.IsQuick ? 3_000 : 10_000;
        List<double> rates = [], cpus = [], thousands = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            var (time, cpu) = ShortOnes(AcceptMode.HandOff, count);
            var (otherTime, otherCpu) = ShortOnes(AcceptMode.ReusePort, count);
            rates.Add(otherTime / time);
            cpus.Add(cpu / otherCpu);
            thousands.Add(count / time);
        }

        report.Add("group: short connections by HandOff, rate by ReusePort's", Report.Median(rates), goal: 0.75, atLeast: true);
        report.Add("    one, its rate", Report.Median(thousands), "k/s");
        report.Add("group: short connections by HandOff, processor time by ReusePort's", Report.Median(cpus), goal: 1.3);
    }

    private static (double Time, double Cpu) ShortOnes(AcceptMode mode, int count) => LoopGroup.Run(
        async Coroutine<(double, double)> (group) =>
        {
            await using var server = group.Listen(new IPEndPoint(IPAddress.Loopback, 0), EchoUntilReset, new GroupListenOptions { Accept = mode });
            var endPoint = server.EndPoint;
            await OnThread(endPoint, count / 10, Connect);
            var cpu = Environment.CpuUsage.TotalTime;
            var time = Stopwatch.StartNew();
            await OnThread(endPoint, count, Connect);
            return (time.Elapsed.TotalMilliseconds, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds);
        },
        new LoopGroupOptions { Loops = 2 });

    // On every loop a task that ends for nobody.
    private static void Stop(Report report)
    {
        const int patience = 300;
        List<double> ends = [];
        for (int i = 0; i < report.Rounds; i++)
        {
            var time = new Stopwatch();
            LoopGroup.Run(
                async Coroutine (group) =>
                {
                    Loop.Current.ExceptionHandler = static (_, _) => { };
                    await group.RunOnEach(static async Coroutine (_) =>
                    {
                        Loop.Current.ExceptionHandler = static (_, _) => { };
                        Loop.StartSoon(Stubborn);
                        await Loop.Yield();
                    });
                    time.Start();
                },
                new LoopGroupOptions { Loops = 2, Loop = new LoopOptions { ShutdownTimeout = TimeSpan.FromMilliseconds(patience) } });
            ends.Add(time.Elapsed.TotalMilliseconds);
        }

        report.Add($"group: the end with a task on every loop that heeds nothing, {patience} ms of patience", Report.Median(ends), "ms", goal: patience + 200);
    }

    private static async Coroutine Stubborn()
    {
        while (true)
        {
            try
            {
                await Loop.Sleep(Timeout.InfiniteTimeSpan);
            }
            catch (LoopCanceledException)
            {
                // It goes on.
            }
        }
    }

    private static async Coroutine Echo(Connection connection)
    {
        var buffer = new byte[64];
        while (await connection.ReadAsync(buffer) is > 0 and var count)
        {
            await connection.WriteAsync(buffer.AsMemory(0, count));
        }
    }

    // These clients end by a reset, which is no failure here: telling it would cost more than the connection.
    private static async Coroutine EchoUntilReset(Connection connection)
    {
        try
        {
            await Echo(connection);
        }
        catch (IOException)
        {
            connection.Abort();
        }
    }

    private static async Coroutine OnThread(EndPoint endPoint, int count, Func<EndPoint, Func<bool>, Coroutine> client)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                int left = count;
                Loop.Run(async Coroutine () => await Loop.Gather(Enumerable.Range(0, Clients).Select(_ =>
                    Loop.CreateTask(client(endPoint, () => left-- > 0))).ToArray()));
                done.SetResult();
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        }) { IsBackground = true }.Start();
        await done.Task;
    }

    private static async Coroutine Talk(EndPoint endPoint, Func<bool> more)
    {
        await using var connection = await Tcp.ConnectAsync(endPoint);
        var buffer = new byte[5];
        while (more())
        {
            await connection.WriteAsync(buffer);
            await connection.ReadExactlyAsync(buffer);
        }
    }

    private static async Coroutine Connect(EndPoint endPoint, Func<bool> more)
    {
        var buffer = new byte[5];
        while (more())
        {
            await using var connection = await Tcp.ConnectAsync(endPoint);
            await connection.WriteAsync(buffer);
            await connection.ReadExactlyAsync(buffer);
            connection.Abort();
        }
    }
}
