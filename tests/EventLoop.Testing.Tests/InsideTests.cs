namespace EventLoop.Testing.Tests;

public class InsideTests
{
    [Fact]
    public void A_failure_carries_the_tree_of_the_tests_tasks_and_what_happened_last()
    {
        var failure = Record.Exception(static () => TestLoop.Run(async () =>
        {
            _ = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)), "sleeper");
            await Loop.Sleep(TimeSpan.FromSeconds(2));
            throw new FormatException("bad number");
        }));

        failure.Should().BeOfType<FormatException>().Which.Message.Should().Be("bad number");
        failure!.Data["EventLoop.Inside"].Should().BeOfType<string>().Which.Should()
            .Contain("sleeper #2  sleep").And.Contain("What happened last:").And.Contain("sleeper #2 is created by #1").And.Contain("nothing to do for 2 s");
    }

    [Fact]
    public void A_failure_under_a_seed_carries_them_as_well()
    {
        int runs = 0;
        var failure = Record.Exception(() => TestLoop.Explore(50, async () =>
        {
            runs++;
            string order = "";
            var sleeper = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)), "sleeper");
            await Loop.Gather(Write("a"), Write("b"));
            if (order != "ab")
            {
                throw new FormatException(order);
            }

            sleeper.Cancel();

            async Coroutine Write(string what)
            {
                await Loop.Yield();
                order += what;
            }
        }));

        var found = failure.Should().BeOfType<ExplorationException>().Subject;
        runs.Should().Be(found.Seed + 1, "no run is repeated");
        found.Data["EventLoop.Inside"].Should().BeOfType<string>().Which.Should()
            .Contain("sleeper #2  sleep").And.Contain("What happened last:").And.Contain("sleeper #2 is created by #1");
    }

    [Fact]
    public void A_deadlock_says_what_happened_last()
    {
        var failure = Record.Exception(static () => TestLoop.Run(async () =>
        {
            var mutex = new AsyncLock();
            await mutex.AcquireAsync();
            await Loop.CreateTask(async () => await mutex.AcquireAsync(), "second");
        }));

        failure.Should().BeOfType<LoopDeadlockException>().Which.Message.Should().Contain("What happened last:").And.Contain("second #2 runs");
    }

    public static TheoryData<string, Func<Coroutine>> Complaints => new()
    {
        { "a task left running", async Coroutine () =>
            {
                _ = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)), "janitor");
                await Loop.Yield();
            }
        },
        { "a failure that nobody retrieved", async Coroutine () =>
            {
                _ = Loop.CreateTask(Coroutine () => throw new FormatException("lost"), "janitor");
                await Loop.Sleep(1);
            }
        },
        { "a coroutine that nobody awaited", async Coroutine () =>
            {
                _ = Forgotten();
                await Loop.CreateTask(Forgotten(), "janitor");
            }
        },
        { "a blocked thread", async Coroutine () =>
            {
                await Loop.CreateTask(Forgotten(), "janitor");
                Assert.Throws<InvalidOperationException>(() => { new TaskCompletionSource().Task.Wait(1000); });
            }
        },
    };

    private static async Coroutine Forgotten() => await Loop.Yield();

    [Theory]
    [MemberData(nameof(Complaints), DisableDiscoveryEnumeration = true)]
    public void What_a_test_fails_by_without_an_exception_of_its_own_carries_them_too(string what, Func<Coroutine> test)
    {
        var failure = Record.Exception(() => TestLoop.Run(test));

        failure.Should().BeOfType<TestLoopException>(what).Which.Data["EventLoop.Inside"].Should().BeOfType<string>(what).Which.Should()
            .Contain("What happened last:").And.Contain("janitor #2 runs");
    }

    [Fact]
    public void A_task_left_running_is_in_the_tree_of_its_test()
    {
        var failure = Record.Exception(static () => TestLoop.Run(async () =>
        {
            _ = Loop.CreateTask(Loop.Sleep(TimeSpan.FromHours(1)), "janitor");
            await Loop.Yield();
        }));

        failure!.Data["EventLoop.Inside"].Should().BeOfType<string>().Which.Should().Contain("janitor #2  sleep");
    }

    [Fact]
    public void A_test_that_passes_leaves_nothing_switched_on() => TestLoop.Run(async () =>
    {
        await Loop.Yield();
        Loop.Current.Diagnostics.Recorder.IsOn.Should().BeFalse();
        Loop.Current.TakeSnapshot().Tasks[0].Activity.Should().BeNull();
    });
}
