using EventLoop.Diagnostics;


namespace EventLoop.Tool.Target;

/// <summary>Names that would do something to a terminal or a page if they were let through.</summary>
internal static class BadNames
{
    internal static readonly string[] All =
    [
        "clears\u001b[2J\u001b]0;title\a",
        "nul\0and\nlines\r\nhere\tand\b\u007f",
        "c1\u009b31m\u0085",
        "bidi\u202e\u2066\u200f\u061c",
        "half\ud800and\udc00",
        "line\u2028\u2029zero\u200b\ufeff",
        "says \"twice\"; and=%22 so\"on",
        "<img src=x onerror=alert(1)></script>[red]markup[/]{0}%s",
        new('x', 100_000),
    ];

    private static readonly List<object> Kept = [];

    internal static async Coroutine Use()
    {
        Loop.Current.Diagnostics.EndedTasksKept = 100;
        Loop.Current.Diagnostics.Recorder.Start();
        foreach (string name in All)
        {
            var held = new AsyncLock().Named(name);
            var future = Loop.Current.CreateFuture().Named(name);
            Kept.Add(held);
            Kept.Add(future);
            _ = Loop.CreateTask(() => Hold(held, future), name);
            _ = Loop.CreateTask(() => Hold(held, future), name);
            _ = Loop.CreateTask(async () => await TaskGroup.Run(async group => { group.StartSoon(Wait, name); await Loop.Yield(); }, name), name);
            Loop.Current.Diagnostics.Recorder.Mark(name);
            var ended = Loop.CreateTask(Wait, name);
            await Loop.Sleep(10);
            ended.Cancel(name);
        }

        await Loop.Sleep(100);
        Console.WriteLine("ready");
        await Loop.Sleep(Work.Life);
    }

    private static async Coroutine Hold(AsyncLock held, LoopFuture until)
    {
        using (await held.AcquireAsync())
        {
            await until;
        }
    }

    private static async Coroutine Wait() => await Loop.Sleep(Work.Life);
}
