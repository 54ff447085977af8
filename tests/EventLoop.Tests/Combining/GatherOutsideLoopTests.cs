namespace EventLoop.Tests.Combining;

/// <summary>A gather may be made where no loop runs: it starts when it is awaited.</summary>
public sealed class GatherOutsideLoopTests : LoopTest
{
    [Fact]
    public void Run_runs_a_gather() => OnThread(() => Loop.Run(Loop.Gather(After(3, 1), After(1, 2)), Options).Should().Equal(1, 2));

    [Fact]
    public void Run_runs_a_gather_of_several_types() => OnThread(() => Loop.Run(Loop.Gather(After(3, 1), After(1, "two")), Options).Should().Be((1, "two")));

    [Fact]
    public void Run_runs_a_gather_without_values()
    {
        OnThread(() => Loop.Run(Loop.Gather(Noting("a"), Noting("b"), Yields(2)), Options));

        Log.Should().BeEquivalentTo("a", "b");
    }

    [Fact]
    public void Run_runs_a_gather_of_outcomes_and_one_of_NET_tasks() => OnThread(() =>
    {
        Outcome<int>[] outcomes = Loop.Run(Loop.GatherOutcomes(After(1, 1), ThrowAfter<int>(1, new InvalidDataException())), Options);
        outcomes.Select(static one => one.IsSuccess).Should().Equal(true, false);

        Loop.Run(Loop.Gather(Task.FromResult(1), Task.Run(static () => 2)), Options).Should().Equal(1, 2);
    });

    [Fact]
    public void Nothing_of_it_runs_before_it_is_awaited()
    {
        Coroutine gather = OnThread(() => Loop.Gather(Noting("child"), Noting("child")));
        RunLoop(async () =>
        {
            await Yields(3);
            Log.Add("before the await");
            await gather;
        });

        Log.Should().Equal("before the await", "child", "child");
    }

    [Fact]
    public void The_same_coroutine_twice_is_refused_at_the_call() => OnThread(() =>
    {
        Coroutine<int> coroutine = After(1, 1);

        Assert.Throws<InvalidOperationException>(() => { _ = Loop.Gather(coroutine, coroutine); }).Message.Should().Contain("given twice");
    });

    [Fact]
    public void A_coroutine_that_somebody_has_awaited_meanwhile_makes_it_refuse_before_anything_has_begun()
    {
        (Coroutine<int> taken, Coroutine<int[]> gather) = OnThread(() =>
        {
            Coroutine<int> taken = After(1, 1);
            return (taken, Loop.Gather(Valued("child"), taken));
        });
        RunLoop(async () =>
        {
            await taken;
            (await Catch(gather)).Should().BeOfType<InvalidOperationException>();
            Loop.AllTasks().Should().HaveCount(1);
        });

        Log.Should().BeEmpty();
    }

    [Fact]
    public void Tasks_of_a_loop_can_be_gathered_before_it_runs_and_by_that_loop_only()
    {
        using Loop loop = NewLoop();
        using Loop other = NewLoop();
        LoopTask<int> task = loop.Spawn(After(2, 5));
        Coroutine<int[]> first = Loop.Gather(task);
        Coroutine<int[]> second = Loop.Gather(task);

        loop.RunUntilComplete(first).Should().Equal(5);
        Assert.Throws<InvalidOperationException>(() => other.RunUntilComplete(second)).Message.Should().Contain(loop.Name);
    }

    [Fact]
    public void A_gather_that_was_made_on_one_loop_cannot_be_awaited_on_another()
    {
        using Loop loop = NewLoop();
        using Loop other = NewLoop();
        Coroutine<int[]> gather = default;
        loop.RunUntilComplete(async () => { gather = Loop.Gather(After(1, 1)); });

        Assert.Throws<InvalidOperationException>(() => other.RunUntilComplete(gather)).Message.Should().Contain(loop.Name);
        loop.RunUntilComplete(async () => await Yields(3));
    }

    [Fact]
    public void What_has_to_start_at_the_call_still_needs_a_loop() => OnThread(() =>
    {
        Assert.Throws<InvalidOperationException>(() => { _ = Loop.Shield(After(1, 1)); });
        Assert.Throws<InvalidOperationException>(() => { _ = Loop.AsCompleted([After(1, 1)]); });
        Assert.Throws<InvalidOperationException>(() => { _ = Loop.CreateTask(After(1, 1)); });
    });

    private async Coroutine Noting(string name) => Log.Add(name);

    private async Coroutine<int> Valued(string name)
    {
        Log.Add(name);
        return 1;
    }
}
