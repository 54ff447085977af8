using EventLoop.Diagnostics;
using EventLoop.Net;

namespace EventLoop.Tool.Target;

internal static class Work
{
    internal static readonly TimeSpan Life = TimeSpan.FromMinutes(5);

    private static readonly List<object> Kept = [];

    private static T Keep<T>(T one)
        where T : class
    {
        Kept.Add(one);
        return one;
    }

    /// <summary>Two hundred tasks, some of which wait for ever, each for another reason.</summary>
    internal static async Coroutine Mix()
    {
        Loop.CurrentTask!.Name = "main";
        Loop.Current.Diagnostics.EndedTasksKept = 100;
        for (int i = 0; i < 190; i++)
        {
            _ = Loop.CreateTask(Idle, $"idle-{i}");
        }

        var orders = Keep(new AsyncLock().Named("orders"));
        var answer = Keep(Loop.Current.CreateFuture().Named("answer"));
        var gate = Keep(new TaskCompletionSource());
        var one = Keep(new AsyncLock().Named("one"));
        var two = Keep(new AsyncLock().Named("two"));
        var server = Tcp.Listen("127.0.0.1", 0, static async connection => await Loop.Sleep(Life));
        Keep(server);
        _ = Loop.CreateTask(() => Hold(orders, answer), "report");
        _ = Loop.CreateTask(() => Take(orders), "order-881");
        _ = Loop.CreateTask(() => Ring(Keep(new AsyncEvent().Named("bell"))), "listener");
        _ = Loop.CreateTask(async () => await gate.Task, "foreign\u001b[31m\u202e");
        _ = Loop.CreateTask(() => Both(one, two), "a");
        _ = Loop.CreateTask(() => Both(two, one), "b");
        _ = Loop.CreateTask(() => Ring(new AsyncEvent()), "leaked");
        _ = Loop.CreateTask(() => Read(server), "feed");
        _ = Loop.CreateTask(static async () => await Loop.ToThread(static () => Thread.Sleep(Life)), "work");
        _ = Loop.CreateTask(static async () =>
            await TaskGroup.Run(static async group => { group.StartSoon(Idle, "child"); await Loop.Yield(); }, "server"), "host");
        var dead = Loop.CreateTask(Idle, "cancelled");
        await Loop.Sleep(300);
        dead.Cancel("enough");
        await Loop.Sleep(300);
        await Ready();
    }

    internal static async Coroutine Many(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _ = Loop.CreateTask(Idle);
        }

        await Loop.Sleep(100);
        await Ready();
    }

    /// <summary>One loop after the other, each of which lives for a moment.</summary>
    internal static void Restless()
    {
        Loop.Run(static async Coroutine () => await Loop.Yield());
        Console.WriteLine("ready");
        long end = Environment.TickCount64 + (long)Life.TotalMilliseconds;
        while (Environment.TickCount64 < end)
        {
            Loop.Run(static async Coroutine () => await Loop.CreateTask(static async () => await Loop.Yield(), "short"));
        }
    }

    /// <summary>Writes a dump on SIGQUIT.</summary>
    internal static async Coroutine Dumps(string folder)
    {
        using var writing = Loop.Current.Diagnostics.DumpOn(DumpCauses.Quit, folder);
        for (int i = 0; i < 1000; i++)
        {
            _ = Loop.CreateTask(Idle, $"a task whose name takes some room in a file, and whose number is {i}");
        }

        await Loop.Yield();
        await Ready();
    }

    internal static async Coroutine Busy()
    {
        Loop.CurrentTask!.Name = "busy";
        _ = Loop.CreateTask(Lodgers, "lodgers");
        Console.WriteLine("ready");
        var end = Loop.Current.Time + Life;
        while (Loop.Current.Time < end)
        {
            await Loop.CreateTask(static async () => await Loop.Yield(), "short");
        }
    }

    /// <summary>Some hundred thousand steps and ends of named tasks a second: what a listener gets whole, also beside other work.</summary>
    internal static async Coroutine Paced()
    {
        _ = Loop.CreateTask(Lodgers, "lodgers");
        Console.WriteLine("ready");
        var end = Loop.Current.Time + Life;
        while (Loop.Current.Time < end)
        {
            for (int i = 0; i < 100; i++)
            {
                await Loop.CreateTask(static async () => await Loop.Yield(), "short");
            }

            await Loop.Sleep(1);
        }
    }

    // So that a look finds tasks that have begun since a recorder was switched on: only of those it counts what they do.
    private static async Coroutine Lodgers()
    {
        while (true)
        {
            _ = Loop.CreateTask(static async () => await Loop.Sleep(200), "lodger");
            await Loop.Sleep(20);
        }
    }

    internal static async Coroutine Spin()
    {
        Loop.CurrentTask!.Name = "spinner";
        _ = Loop.CreateTask(Idle, "other");
        await Loop.Sleep(100);
        Console.WriteLine("ready");
        EndlessWork();
    }

    /// <summary>Once a tool records, a step begins that does not end; the program itself notices it as well.</summary>
    internal static async Coroutine StuckOnceRecorded()
    {
        Loop.CurrentTask!.Name = "main";
        Loop.Current.Diagnostics.StallLimit = TimeSpan.FromMilliseconds(100);
        Console.WriteLine("ready");
        while (!Loop.Current.TakeSnapshot().Tasks.Any(static task => task.Activity is not null))
        {
            _ = Loop.CreateTask(static async () => await Loop.Sleep(50), "visitor");
            await Loop.Sleep(20);
        }

        EndlessWork();
    }

    internal static void Loops()
    {
        for (int i = 0; i < 1000; i++)
        {
            Kept.Add(new Loop(new LoopOptions { Name = $"many-{i}", Poller = PollerKind.Portable }));
        }

        Console.WriteLine("ready");
        Thread.Sleep(Life);
    }

    private static void EndlessWork()
    {
        long end = Environment.TickCount64 + (long)Life.TotalMilliseconds;
        while (Environment.TickCount64 < end)
        {
            Thread.SpinWait(1000);
        }
    }

    private static async Coroutine Ready()
    {
        Console.WriteLine("ready");
        await Loop.Sleep(Life);
    }

    private static async Coroutine Idle() => await Loop.Sleep(TimeSpan.FromHours(1));

    private static async Coroutine Hold(AsyncLock mutex, LoopFuture answer)
    {
        using (await mutex.AcquireAsync())
        {
            await answer;
        }
    }

    private static async Coroutine Take(AsyncLock mutex)
    {
        using (await mutex.AcquireAsync())
        {
        }
    }

    private static async Coroutine Ring(AsyncEvent bell) => await bell.WaitAsync();

    private static async Coroutine Both(AsyncLock first, AsyncLock second)
    {
        using (await first.AcquireAsync())
        {
            await Loop.Yield();
            await Take(second);
        }
    }

    private static async Coroutine Read(Server server)
    {
        await using var connection = await Tcp.ConnectAsync(server.EndPoint);
        await connection.ReadLineAsync();
    }
}
