namespace EventLoop.Tests.Scheduling;

[UnderSeeds(50)]
public sealed class TimerStressTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Ten_thousand_random_timers_with_random_cancels_run_in_order(int seed)
    {
        const int Count = 10_000;
        var random = new Random(seed);
        List<int> ran = [];
        List<(int Number, long Deadline)> expected = [];
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            TimeSpan start = loop.Time;
            var timers = new TimerHandle[Count];
            for (int i = 0; i < Count; i++)
            {
                long deadline = random.Next(1, 1000);
                timers[i] = loop.CallAt(start + TimeSpan.FromMilliseconds(deadline), ran.Add, i);
                expected.Add((i, deadline));
            }

            HashSet<int> cancelled = [];
            for (int i = 0; i < Count / 3; i++)
            {
                int victim = random.Next(Count);
                timers[victim].Cancel();
                cancelled.Add(victim);
            }

            expected.RemoveAll(timer => cancelled.Contains(timer.Number));
            loop.Statistics.TimerCount.Should().Be(expected.Count);
            await Loop.Sleep(Seconds(2));
            loop.Statistics.TimerCount.Should().Be(0);
        }, JumpingTime);

        IEnumerable<(int Number, long Deadline)> inOrder = expected.OrderBy(static timer => timer.Deadline).ThenBy(static timer => timer.Number);
        ran.Should().Equal(inOrder.Select(static timer => timer.Number));
    }

    [Fact]
    public void Timers_cancelled_by_timers_while_they_fire_never_run()
    {
        const int Count = 5000;
        var random = new Random(7);
        var timers = new TimerHandle[Count];
        bool[] ran = new bool[Count], cancelled = new bool[Count];
        int ranAfterCancel = 0;
        RunLoop(async () =>
        {
            TimeSpan start = Loop.Current.Time;
            for (int i = 0; i < Count; i++)
            {
                timers[i] = Loop.Current.CallAt(start + TimeSpan.FromMilliseconds(random.Next(1, 100)), Fire, i);
            }

            await Loop.Sleep(Seconds(1));
        }, JumpingTime);

        ranAfterCancel.Should().Be(0);
        ran.Zip(cancelled).Should().OnlyContain(static pair => pair.First || pair.Second);

        void Fire(int n)
        {
            ranAfterCancel += cancelled[n] ? 1 : 0;
            ran[n] = true;
            int victim = random.Next(Count);
            if (!ran[victim])
            {
                timers[victim].Cancel();
                cancelled[victim] = true;
            }
        }
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Ten_thousand_sleepers_wake_in_order_and_equal_deadlines_in_the_order_of_their_sleeps()
    {
        const int Count = 10_000;
        List<int> woken = [];
        RunLoop(async () =>
        {
            Coroutine[] sleepers = [.. Enumerable.Range(0, Count).Select(n => Sleeper(n, 1 + (n % 10)))];
            await Loop.Gather(sleepers);
        }, JumpingTime);

        woken.Should().Equal(Enumerable.Range(0, Count).OrderBy(static n => n % 10).ThenBy(static n => n));

        async Coroutine Sleeper(int n, int seconds)
        {
            await Loop.Sleep(Seconds(seconds));
            woken.Add(n);
        }
    }

    [Fact]
    public void A_timer_is_not_starved_by_a_loop_that_is_always_busy() => RunLoop(async () =>
    {
        bool fired = false;
        Loop.Current.CallLater(TimeSpan.FromMilliseconds(1), () => fired = true);
        int late = -1000;
        while (!fired)
        {
            Clock.Advance(TimeSpan.FromMicroseconds(1));
            late++;
            await Loop.Yield();
        }

        late.Should().BeInRange(0, 66, "a busy loop looks at the clock once in 64 steps");
    }, ManualTime);
}
