namespace EventLoop.Tests.Coroutines;

[UnderSeeds(50)]
public sealed class ColdCoroutineTests : LoopTest
{
    [Fact]
    public void Calling_a_coroutine_method_runs_nothing()
    {
        RunLoop(async () =>
        {
            Coroutine coroutine = Noting();
            Log.Add("called");
            await coroutine;
        });

        Log.Should().Equal("called", "ran");
    }

    [Fact]
    public void An_exception_before_the_first_await_appears_at_the_await_and_not_at_the_call() => RunLoop(async () =>
    {
        Coroutine coroutine = ThrowAfter(0, new InvalidDataException());

        (await Catch(coroutine)).Should().BeOfType<InvalidDataException>();
    });

    [Fact]
    public void Awaiting_runs_it_at_once_in_the_same_step()
    {
        RunLoop(async () =>
        {
            long steps = Loop.Current.Statistics.Steps;
            Loop.Current.CallSoon(() => Log.Add("callback"));
            await Noting();
            Log.Add("back");

            Loop.Current.Statistics.Steps.Should().Be(steps);
            await Loop.Yield();
        });

        Log.Should().Equal("ran", "back", "callback");
    }

    [Fact]
    public void Awaiting_runs_it_in_the_current_task() => RunLoop(async () =>
    {
        LoopTask? inner = await InnerTask();

        inner.Should().BeSameAs(Loop.CurrentTask);

        static async Coroutine<LoopTask?> InnerTask()
        {
            await Loop.Yield();
            return Loop.CurrentTask;
        }
    });

    [Fact]
    public void The_value_comes_back_through_several_levels() => RunLoop(async () =>
    {
        (await Outer(20)).Should().Be(42);

        static async Coroutine<int> Outer(int n) => 2 + await Middle(n);
        static async Coroutine<int> Middle(int n) => await After(3, n) + await After(0, n);
    });

    [Fact]
    public void The_completion_of_a_nested_coroutine_takes_no_turn_of_its_own() => RunLoop(async () =>
    {
        long turns = Loop.Current.Statistics.Turns;
        await Level(50);

        (Loop.Current.Statistics.Turns - turns).Should().Be(1, "one yield at the bottom of fifty levels");

        static async Coroutine Level(int depth)
        {
            if (depth == 0)
            {
                await Loop.Yield();
            }
            else
            {
                await Level(depth - 1);
            }
        }
    });

    [Fact]
    public void Awaiting_twice_throws_and_says_what_to_do_instead() => RunLoop(async () =>
    {
        Coroutine<int> coroutine = After(1, 1);
        await coroutine;

        (await Catch(coroutine)).Should().BeOfType<InvalidOperationException>()
            .Which.Message.Should().ContainAny("CreateTask", "once");
    });

    [Fact]
    public void Awaiting_twice_throws_also_when_it_completed_at_once() => RunLoop(async () =>
    {
        Coroutine<int> coroutine = After(0, 1);
        await coroutine;

        (await Catch(coroutine)).Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void Awaiting_twice_throws_also_when_it_failed() => RunLoop(async () =>
    {
        Coroutine coroutine = ThrowAfter(1, new InvalidDataException());
        await Catch(coroutine);

        (await Catch(coroutine)).Should().BeOfType<InvalidOperationException>();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Awaiting_twice_throws_while_the_first_await_is_still_pending() => RunLoop(async () =>
    {
        Coroutine coroutine = Yields(10);
        LoopTask first = Loop.CreateTask(async () => await coroutine);
        await Loop.Yield();

        (await Catch(coroutine)).Should().BeOfType<InvalidOperationException>();
        await first;
    });

    [Fact]
    public void A_stale_coroutine_is_not_mistaken_for_the_one_that_reuses_its_box() => RunLoop(async () =>
    {
        Coroutine<int> stale = After(1, 1);
        await stale;
        Coroutine<int>[] fresh = [After(1, 2), After(1, 3), After(1, 4)];

        (await Catch(stale)).Should().BeOfType<InvalidOperationException>();
        foreach ((Coroutine<int> coroutine, int value) in fresh.Zip([2, 3, 4]))
        {
            (await coroutine).Should().Be(value);
        }
    });

    [Fact]
    public void A_coroutine_that_became_a_task_cannot_be_awaited_as_well() => RunLoop(async () =>
    {
        Coroutine coroutine = Yields(2);
        LoopTask task = Loop.CreateTask(coroutine);

        (await Catch(coroutine)).Should().BeOfType<InvalidOperationException>();
        await task;
        task.IsCompletedSuccessfully.Should().BeTrue();
    });

    [Fact]
    public void A_coroutine_cannot_become_two_tasks() => RunLoop(async () =>
    {
        Coroutine coroutine = Yields(2);
        LoopTask task = Loop.CreateTask(coroutine);

        Assert.Throws<InvalidOperationException>(() => { _ = Loop.CreateTask(coroutine); });
        await task;
    });

    [Fact]
    public void Awaiting_a_coroutine_where_no_loop_runs_throws_and_says_what_to_do_instead()
    {
        async Task AwaitIt() => await Yields(1);

        Record.Exception(() => AwaitIt().Wait(TimeSpan.FromSeconds(10)))!.GetBaseException().Should().BeOfType<InvalidOperationException>()
            .Which.Message.Should().ContainAny("Run", "Submit", "loop");
    }

    [Fact]
    public void The_same_method_can_run_many_times_at_once() => RunLoop(async () =>
    {
        LoopTask<int>[] tasks = [.. Enumerable.Range(0, 100).Select(static n => Loop.CreateTask(After(n % 7, n)))];

        (await Loop.Gather(tasks)).Should().Equal(Enumerable.Range(0, 100));
    });

    private async Coroutine Noting() => Log.Add("ran");
}
