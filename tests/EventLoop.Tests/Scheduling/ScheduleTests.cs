namespace EventLoop.Tests.Scheduling;

[UnderSeeds(50)]
public sealed class ScheduleTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Ten_thousand_tasks_take_turns_in_creation_order()
    {
        const int Count = 10_000;
        List<int> steps = [];
        RunLoop(async () =>
        {
            LoopTask[] tasks = [.. Enumerable.Range(0, Count).Select(n => Loop.CreateTask(Worker(n)))];
            await tasks[^1];
        });

        steps.Should().Equal(Enumerable.Range(0, Count).Concat(Enumerable.Range(0, Count)));

        async Coroutine Worker(int n)
        {
            steps.Add(n);
            await Loop.Yield();
            steps.Add(n);
        }
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_burst_of_a_million_callbacks_runs_in_order()
    {
        const int Count = 1_000_000;
        int next = 0, outOfOrder = 0;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            for (int i = 0; i < Count; i++)
            {
                loop.CallSoon(n => outOfOrder += next++ == n ? 0 : 1, i);
            }

            await Loop.Yield();
        });

        next.Should().Be(Count);
        outOfOrder.Should().Be(0);
    }

    [Fact]
    public void A_seed_gives_the_same_schedule_every_time() => Schedule(seed: 42).Should().Equal(Schedule(seed: 42));

    [Fact]
    public void Seeds_shuffle_the_batches()
    {
        int[] inOrder = [.. Enumerable.Range(0, 20)];

        Schedule(seed: null).Should().Equal(inOrder);
        Enumerable.Range(1, 5).Select(static n => (int?)n).Select(Schedule).Should().Contain(order => !order.SequenceEqual(inOrder));
    }

    [Fact]
    public void A_seeded_schedule_runs_everything_once() => Schedule(seed: 7).Should().BeEquivalentTo(Enumerable.Range(0, 20));

    private List<int> Schedule(int? seed)
    {
        List<int> order = [];
        RunLoop(async () =>
        {
            for (int i = 0; i < 20; i++)
            {
                Loop.StartSoon(Worker(i));
            }

            await Yields(5);
        }, Options with { Seed = seed });
        return order;

        async Coroutine Worker(int n) => order.Add(n);
    }
}
