using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

/// <summary>What counts as a cycle where one of several tasks suffices.</summary>
public sealed class CycleTests : LoopTest
{
    private static string[] RingsNow() => [.. Loop.Current.TakeSnapshot().Cycles.Select(static ring => string.Join(" ", ring.Select(static task => task.Name)))];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Waiting_for_one_of_several_tokens_is_a_deadlock_only_when_nobody_can_return_one(bool canOneReturnIt) => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(2);
        async Coroutine Nested()
        {
            using (await limiter.AcquireAsync())
            {
                await Loop.CreateTask(Leaf(), "child");
            }
        }

        async Coroutine Leaf()
        {
            using (await limiter.AcquireAsync())
            {
            }
        }

        async Coroutine Sleeper()
        {
            using (await limiter.AcquireAsync())
            {
                await Loop.Sleep(60);
            }
        }

        LoopTask[] all = [Loop.CreateTask(Nested(), "parent"), canOneReturnIt ? Loop.CreateTask(Sleeper(), "sleeper") : Loop.CreateTask(Nested(), "parent")];
        await Yields(4);
        if (canOneReturnIt)
        {
            RingsNow().Should().BeEmpty();
            await Loop.Gather(all);
            return;
        }

        RingsNow().Should().NotBeEmpty().And.AllSatisfy(static ring => ring.Should().Match("parent child*"));
        Loop.Current.TakeSnapshot().FindProblems().Should().Contain(static one => one.Kind == FindingKind.Deadlock);
        all[0].Cancel();
        await Loop.GatherOutcomes(all);
    });

    [Theory]
    [InlineData("all", 1)]
    [InlineData("first", 0)]
    [InlineData("with a timeout", 0)]
    [InlineData("first of those that are stuck", 1)]
    public void Waiting_for_some_of_several_tasks_is_a_deadlock_only_when_those_that_it_takes_are_stuck(string how, int rings) => RunLoop(async () =>
    {
        var door = new AsyncLock();
        async Coroutine Holder()
        {
            using (await door.AcquireAsync())
            {
                LoopTask stuck = Loop.CreateTask(Wanting(), "stuck");
                LoopTask other = how.EndsWith("stuck", StringComparison.Ordinal) ? Loop.CreateTask(Wanting(), "stuck") : Loop.CreateTask(Loop.Sleep(60), "sleeper");
                TimeSpan? timeout = how == "with a timeout" ? TimeSpan.FromSeconds(30) : null;
                await Loop.Wait([stuck, other], timeout, how.StartsWith("first", StringComparison.Ordinal) ? ReturnWhen.FirstCompleted : ReturnWhen.AllCompleted);
            }
        }

        async Coroutine Wanting()
        {
            using (await door.AcquireAsync())
            {
            }
        }

        var holder = Loop.CreateTask(Holder(), "holder");
        await Yields(4);
        RingsNow().Distinct().Should().HaveCount(rings);
        holder.Cancel();
        await Loop.GatherOutcomes(holder);
    });

    [Fact]
    public void Those_who_wait_for_a_token_share_what_a_look_notes_about_its_borrowers() => RunLoop(async () =>
    {
        long few = await Measure(100, 2_000);
        long many = await Measure(1_000, 20_000);
        many.Should().BeLessThan(20 * few, "ten times the waiters, not a hundred times");

        static async Coroutine<long> Measure(int tokens, int waiters)
        {
            var limiter = new CapacityLimiter(tokens);
            var end = new AsyncEvent();
            async Coroutine Use()
            {
                using (await limiter.AcquireAsync())
                {
                    await end.WaitAsync();
                }
            }

            LoopTask[] all = [.. Enumerable.Range(0, tokens + waiters).Select(_ => Loop.CreateTask(Use()))];
            await Yields(3);
            var options = new SnapshotOptions { MostTasks = 0 };
            Loop.Current.TakeSnapshot(options).Bunches.Should().Contain(bunch => bunch.Count == waiters);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Loop.Current.TakeSnapshot(options);
            long spent = GC.GetAllocatedBytesForCurrentThread() - before;
            end.Set();
            await Loop.Wait(all);
            return spent;
        }
    });
}
