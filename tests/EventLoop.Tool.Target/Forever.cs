using EventLoop.Net;

namespace EventLoop.Tool.Target;

/// <summary>A program of two hundred tasks in which some wait for ever, each for another reason, written as one would: nothing in it is
/// prepared for being looked into.</summary>
internal static class Forever
{
    private static readonly AsyncEvent Doorbell = new();
    private static readonly AsyncLock Ledger = new();
    private static readonly TaskCompletionSource Driver = new();
    private static LoopFuture? reply;

    internal static void Run()
    {
        // A loop that computes and one that blocks cannot serve the others.
        using var ready = new CountdownEvent(3);
        foreach (var main in new Func<CountdownEvent, Coroutine>[] { Serve, Crunch, Query })
        {
            new Thread(() => Loop.Run(() => main(ready))) { IsBackground = true }.Start();
        }

        ready.Wait();
        Thread.Sleep(300);
        Console.WriteLine("ready");
        Thread.Sleep(Work.Life);
    }

    private static async Coroutine Serve(CountdownEvent ready)
    {
        for (int i = 0; i < 190; i++)
        {
            _ = Loop.CreateTask(Customer);
        }

        reply = Loop.Current.CreateFuture();
        var server = Tcp.Listen("127.0.0.1", 0, static async connection => await Loop.Sleep(Work.Life));
        _ = Loop.CreateTask(WaitForDoorbell);
        _ = Loop.CreateTask(WaitForReply);
        _ = Loop.CreateTask(WaitForDriver);
        _ = Loop.CreateTask(() => ReadOrder(server));
        _ = Loop.CreateTask(HoldLedger, "bookkeeper");
        _ = Loop.CreateTask(WriteLedger);
        await Loop.Sleep(500);
        ready.Signal();
        await Loop.Sleep(Work.Life);
    }

    private static async Coroutine Crunch(CountdownEvent ready)
    {
        await Loop.CreateTask(() => Compute(ready), "cruncher");
    }

    private static async Coroutine Query(CountdownEvent ready)
    {
        await Loop.CreateTask(() => Block(ready), "query");
    }

    private static async Coroutine Customer() => await Loop.Sleep(TimeSpan.FromMinutes(10));

    private static async Coroutine WaitForDoorbell() => await Doorbell.WaitAsync();

    private static async Coroutine WaitForReply() => await reply!;

    private static async Coroutine WaitForDriver() => await Driver.Task;

    private static async Coroutine ReadOrder(Server server)
    {
        await using var connection = await Tcp.ConnectAsync(server.EndPoint);
        await connection.ReadLineAsync();
    }

    private static async Coroutine HoldLedger()
    {
        using (await Ledger.AcquireAsync())
        {
            await Driver.Task;
        }
    }

    private static async Coroutine WriteLedger()
    {
        using (await Ledger.AcquireAsync())
        {
        }
    }

    private static async Coroutine Compute(CountdownEvent ready)
    {
        await Loop.Yield();
        ready.Signal();
        CountPrimes();
    }

    private static async Coroutine Block(CountdownEvent ready)
    {
        await Loop.Yield();
        ready.Signal();
        AskDatabase();
    }

    private static void CountPrimes()
    {
        long end = Environment.TickCount64 + (long)Work.Life.TotalMilliseconds;
        while (Environment.TickCount64 < end)
        {
            Thread.SpinWait(1000);
        }
    }

    private static void AskDatabase() => Driver.Task.Wait(Work.Life);
}
