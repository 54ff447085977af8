using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Tests.Scheduling;

[Collection(ProcessWide.Name)]
public sealed class TimerQueueMemoryTests
{
    private sealed class Item : LoopItem
    {
        internal override void Execute()
        {
        }
    }

    [Theory]
    [InlineData(true, 10)]
    [InlineData(true, 50_000)]
    [InlineData(false, 10)]
    [InlineData(false, 50_000)]
    public void Cancelled_timers_behind_one_that_stays_for_ever_keep_no_memory(bool inOrder, int window)
    {
        var timers = new TimerQueue();
        timers.Add(0, new Item());
        long before = GC.GetTotalMemory(forceFullCollection: true);
        AddAndCancel(timers, inOrder, window);
        timers.Count.Should().Be(1);
        (GC.GetTotalMemory(forceFullCollection: true) - before).Should().BeLessThan(200_000);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]      // so that what it made is garbage when it returns
    private static void AddAndCancel(TimerQueue timers, bool inOrder, int window)
    {
        var latest = new Queue<Item>();
        for (int i = 1; i < 1_000_000; i++)
        {
            var item = new Item();
            timers.Add(inOrder ? i : i * 7919L % 1000, item);
            latest.Enqueue(item);
            if (latest.Count > window)
            {
                timers.Remove(latest.Dequeue());
            }
        }

        timers.Count.Should().Be(window + 1);
        foreach (var item in latest)
        {
            timers.Remove(item);
        }
    }
}
