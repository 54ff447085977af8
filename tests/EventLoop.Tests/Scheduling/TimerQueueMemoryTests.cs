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

    [Fact]
    public void Cancelled_timers_behind_one_that_stays_for_ever_keep_no_memory()
    {
        var timers = new TimerQueue();
        timers.Add(0, new Item());
        var latest = new Queue<Item>();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 1; i < 1_000_000; i++)
        {
            var item = new Item();
            timers.Add(i, item);
            latest.Enqueue(item);
            if (latest.Count > 10)
            {
                timers.Remove(latest.Dequeue());
            }
        }

        timers.Count.Should().Be(11);
        (GC.GetTotalMemory(forceFullCollection: true) - before).Should().BeLessThan(200_000);
    }
}
