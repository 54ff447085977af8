using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using EventLoop;
using EventLoop.Net;

namespace Inside;

/// <summary>The programs that are looked into. They say "ready" and live until they are killed, or for some minutes.</summary>
internal static class Targets
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private static readonly List<object> Kept = [];

    internal static int Run(string mode, string[] arguments)
    {
        int count = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 10;
        Loop.Run(() => mode switch
        {
            "asleep" => Asleep(count),
            "yielder" => Yielder(count),
            "spin" => Spin(),
            "busy" => Busy(),
            "paced" => Paced(),
            "leaks" => Leaks(),
            "names" => Names(),
            "crowded" => Crowded(),
            _ => throw new ArgumentException($"There is no target {mode}."),
        });
        return 0;
    }

    private static async Coroutine Idle() => await Loop.Sleep(TimeSpan.FromHours(1));

    private static async Coroutine Ready(int asleep)
    {
        for (int i = 0; i < asleep; i++)
        {
            _ = Loop.CreateTask(Idle);
        }

        await Loop.Sleep(100);
        Console.WriteLine("ready");
    }

    private static async Coroutine Asleep(int count)
    {
        await Ready(count);
        await Loop.Sleep(Life);
    }

    // Answers each line of its input with the longest gap, in milliseconds, since the one before.
    private static async Coroutine Yielder(int count)
    {
        double longest = 0;
        var read = new Thread(() =>
        {
            while (Console.In.ReadLine() is not null)
            {
                Console.WriteLine(Interlocked.Exchange(ref longest, 0).ToString(CultureInfo.InvariantCulture));
            }
        })
        { IsBackground = true };
        await Ready(count);
        read.Start();
        long then = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(then) < Life)
        {
            await Loop.Yield();
            long now = Stopwatch.GetTimestamp();
            double gap = Stopwatch.GetElapsedTime(then, now).TotalMilliseconds;
            if (gap > Volatile.Read(ref longest))
            {
                Volatile.Write(ref longest, gap);
            }

            then = now;
        }
    }

    private static async Coroutine Spin()
    {
        Loop.CurrentTask!.Name = "spinner";
        await Ready(9);
        Endless();
    }

    private static void Endless()
    {
        long then = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(then) < Life)
        {
            Thread.SpinWait(1000);
        }
    }

    private static async Coroutine Busy()
    {
        await Ready(1);
        var a = Loop.CreateTask(Yield, "a");
        var b = Loop.CreateTask(Yield, "b");
        await a;
        await b;
    }

    // A million steps a second, two records each.
    private static async Coroutine Paced()
    {
        const int atOnce = 1000;
        await Ready(1);
        long began = Stopwatch.GetTimestamp();
        for (long steps = 0; Stopwatch.GetElapsedTime(began) < Life; steps += atOnce)
        {
            for (int i = 0; i < atOnce; i++)
            {
                await Loop.Yield();
            }

            while (Stopwatch.GetElapsedTime(began).TotalMicroseconds < steps)
            {
                Thread.SpinWait(20);
            }
        }
    }

    private static async Coroutine Yield()
    {
        long then = Environment.TickCount64;
        while (Environment.TickCount64 - then < Life.TotalMilliseconds)
        {
            for (int i = 0; i < 1000; i++)
            {
                await Loop.Yield();
            }
        }
    }

    // Seven that nothing can wake, and one of each that something can.
    private static async Coroutine Leaks()
    {
        Loop.CurrentTask!.Name = "main";
        _ = Loop.CreateTask(() => LeakedByEvent(new AsyncEvent()));
        _ = Loop.CreateTask(() => LeakedByEvent(new AsyncEvent()));
        StartPair();
        _ = Loop.CreateTask(() => LeakedByChannel(MemoryChannel.Create<int>(1).Receiver));
        _ = Loop.CreateTask(LeakedByAwaited());
        var held = new AsyncEvent();
        var foreign = new TaskCompletionSource();
        Kept.Add(held);
        Kept.Add(foreign);
        _ = Loop.CreateTask(async () => await held.WaitAsync(), "held");
        _ = Loop.CreateTask(async () => await foreign.Task, "foreign");
        _ = Loop.CreateTask(Idle, "timer");
        _ = Loop.CreateTask(static async () => await Loop.ToThread(static () => Thread.Sleep(Life)), "executor");
        var server = Tcp.Listen("127.0.0.1", 0, static async connection => await Loop.Sleep(Life));
        Kept.Add(server);
        _ = Loop.CreateTask(async () =>
        {
            await using var connection = await Tcp.ConnectAsync(server.EndPoint);
            await connection.ReadLineAsync();
        }, "socket");
        await Loop.Sleep(300);
        await Ready(0);
        await Loop.Sleep(Life);
    }

    private static async Coroutine LeakedByEvent(AsyncEvent forgotten) => await forgotten.WaitAsync();

    private static async Coroutine LeakedByAwaited() => await Loop.CreateTask(LeakedByEvent(new AsyncEvent()));

    // Each holds what the other waits for, and nobody else does.
    private static void StartPair()
    {
        AsyncEvent first = new(), second = new();
        _ = Loop.CreateTask(() => LeakedByOther(first, second));
        _ = Loop.CreateTask(() => LeakedByOther(second, first));
    }

    private static async Coroutine LeakedByOther(AsyncEvent mine, AsyncEvent other)
    {
        await other.WaitAsync();
        mine.Set();
    }

    private static async Coroutine LeakedByChannel(ChannelReceiver<int> receiver) => await receiver.ReceiveAsync();

    private static async Coroutine Names()
    {
        _ = Loop.CreateTask(Idle, "<img src=x onerror=document.title='marked'>");
        await Ready(1);
        await Loop.Sleep(Life);
    }

    // Run on one core: four that compute beside a step that computes.
    private static async Coroutine Crowded()
    {
        for (int i = 0; i < 4; i++)
        {
            new Thread(Endless) { IsBackground = true }.Start();
        }

        Loop.Current.Diagnostics.StallLimit = TimeSpan.FromMilliseconds(200);
        Loop.Current.Diagnostics.Stalled += static stall =>
        {
            if (stall.IsOver)
            {
                Console.WriteLine((stall.WaitedForProcessor / stall.Duration)?.ToString(CultureInfo.InvariantCulture));
            }
        };
        await Loop.Sleep(100);
        Console.WriteLine("ready");
        Work.Spin(TimeSpan.FromSeconds(1));
        await Loop.Sleep(Life);
    }
}
