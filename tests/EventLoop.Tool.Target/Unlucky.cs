using EventLoop.Diagnostics;

namespace EventLoop.Tool.Target;

/// <summary>Programs that are looked into at a bad moment.</summary>
internal static class Unlucky
{
    /// <summary>Every thread of the pool is blocked, and more work waits for one.</summary>
    internal static async Coroutine Starved()
    {
        Loop.CurrentTask!.Name = "main";
        ThreadPool.SetMinThreads(1, 1);
        ThreadPool.SetMaxThreads(Environment.ProcessorCount, Environment.ProcessorCount);
        for (int i = 0; i < 1000; i++)
        {
            ThreadPool.QueueUserWorkItem(static _ => Thread.Sleep(Work.Life));
        }

        _ = Loop.CreateTask(async () => await Task.Run(static () => 1), "waits for the pool");
        await Loop.Sleep(500);
        Console.WriteLine("ready");
        await Loop.Sleep(Work.Life);
    }

    /// <summary>A loop that has run, and will run again.</summary>
    internal static void Between()
    {
        using var loop = new Loop(new LoopOptions { Name = "between" });
        loop.RunUntilComplete(async () =>
        {
            _ = Loop.CreateTask(async () => await new AsyncEvent().Named("later").WaitAsync(), "left");
            await Loop.Sleep(10);
        });
        Console.WriteLine("ready");
        Thread.Sleep(Work.Life);
    }
}
