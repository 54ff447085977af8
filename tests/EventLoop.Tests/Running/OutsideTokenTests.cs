namespace EventLoop.Tests.Running;

/// <summary>Tokens from outside a run, and mains that are tasks of .NET's.</summary>
public sealed class OutsideTokenTests : LoopTest
{
    public static TheoryData<string> Forms => [.. Runs.Keys];

    private static Dictionary<string, Action<Func<Coroutine>, LoopOptions, CancellationToken>> Runs => new()
    {
        ["Run of a coroutine"] = static (main, options, token) => Loop.Run(main(), options, token),
        ["Run of a coroutine with a result"] = static (main, options, token) => Loop.Run(Valued(main), options, token),
        ["Run of a body"] = static (main, options, token) => Loop.Run(main, options, token),
        ["Run of a body with a result"] = static (main, options, token) => Loop.Run(() => Valued(main), options, token),
        ["Run of a Task method"] = static (main, options, token) => Loop.Run((Func<Task>)(async () => await main()), options, token),
        ["Run of a Task method with a result"] = static (main, options, token) => Loop.Run((Func<Task<int>>)(async () => await Valued(main)), options, token),
        ["Run without options"] = static (main, _, token) => Loop.Run(main, token),
        ["Run of a coroutine without options"] = static (main, _, token) => Loop.Run(Valued(main), token),
        ["Run of a Task method without options"] = static (main, _, token) => Loop.Run((Func<Task>)(async () => await main()), token),
        ["LoopRunner.Run"] = static (main, options, token) =>
        {
            using var runner = new LoopRunner(options);
            runner.Run(main, token);
        },
        ["LoopRunner.Run with a result"] = static (main, options, token) =>
        {
            using var runner = new LoopRunner(options);
            runner.Run(Valued(main), token);
        },
        ["RunUntilComplete"] = static (main, options, token) =>
        {
            using var loop = new Loop(options);
            loop.RunUntilComplete(main(), token);
        },
        ["RunUntilComplete with a result"] = static (main, options, token) =>
        {
            using var loop = new Loop(options);
            loop.RunUntilComplete(() => Valued(main), token);
        },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_token_from_outside_cancels_main_from_any_thread(string form)
    {
        using var source = new CancellationTokenSource();

        Assert.Throws<LoopCanceledException>(() => Runs[form](
            async () =>
            {
                Adopt(Loop.Current);
                var cancelling = Task.Run(source.Cancel);
                try
                {
                    await Forever();
                }
                finally
                {
                    await Loop.Yield();
                    Log.Add("cleaned up");
                }
            },
            Options with { TimeProvider = TimeProvider.System },
            source.Token)).Reason.Should().Contain("token");

        Log.Should().Equal("cleaned up");
    }

    [Fact]
    public void A_token_that_has_fired_before_lets_main_come_to_its_first_wait()
    {
        Assert.Throws<LoopCanceledException>(() => Loop.Run(
            async () =>
            {
                Log.Add("begun");
                await Loop.Yield();
                Log.Add("must not come here");
            },
            Options,
            new CancellationToken(true)));

        Log.Should().Equal("begun");
    }

    [Fact]
    public void A_main_that_survives_the_token_returns_its_value() => Loop.Run(
        async () => await Catch(Forever()) is null ? 0 : 5, Options, new CancellationToken(true)).Should().Be(5);

    [Fact]
    public void A_token_that_outlives_the_run_keeps_nothing_of_it()
    {
        using var source = new CancellationTokenSource();
        Loop.Run(Yields(1), Options, source.Token);

        Record.Exception(source.Cancel).Should().BeNull();
    }

    [Fact]
    public void Run_of_a_task_that_runs_already_waits_for_it_and_gives_its_result()
    {
        var source = new TaskCompletionSource<int>();
        ThreadPool.QueueUserWorkItem(_ => source.SetResult(5));

        Loop.Run(source.Task, Options).Should().Be(5);
        Loop.Run((Task)source.Task, Options);
        using var runner = new LoopRunner(Options);
        runner.Run(source.Task).Should().Be(5);
        runner.Loop.RunUntilComplete(source.Task).Should().Be(5);
    }

    [Fact]
    public void Run_of_a_task_rethrows_its_failure()
    {
        var failure = new InvalidDataException();

        Assert.Throws<InvalidDataException>(() => Loop.Run(Task.FromException(failure), Options)).Should().BeSameAs(failure);
    }

    [Fact]
    public void The_token_ends_a_run_of_a_task_that_never_ends()
    {
        var never = new TaskCompletionSource();

        Assert.Throws<LoopCanceledException>(() =>
            Loop.Run(never.Task, Options with { TimeProvider = TimeProvider.System }, new CancellationTokenSource(1).Token));
    }

    [Fact]
    public void RunMain_returns_zero_the_value_of_main_or_the_code_of_an_exit()
    {
        Loop.RunMain(Yields(1), Options).Should().Be(0);
        Loop.RunMain(After(1, 3), Options).Should().Be(3);
        Loop.RunMain(async () => await Loop.Yield(), Options).Should().Be(0);
        Loop.RunMain(async () => await After(1, 4), Options).Should().Be(4);
        Loop.RunMain((Func<Task>)(async () => await Loop.Yield()), Options).Should().Be(0);
        Loop.RunMain((Func<Task<int>>)(async () => await After(1, 5)), Options).Should().Be(5);
        Loop.RunMain(Task.CompletedTask, Options).Should().Be(0);
        Loop.RunMain(Task.FromResult(6), Options).Should().Be(6);
        Loop.RunMain(async Coroutine () => throw new LoopExitException(7), Options).Should().Be(7);
    }

    [Fact]
    public void RunMain_inside_a_running_loop_throws() => RunLoop(async () =>
    {
        Coroutine inner = Yields(1);
        Assert.Throws<InvalidOperationException>(() => Loop.RunMain(inner, Options));
        await inner;
    });

    private static async Coroutine<int> Valued(Func<Coroutine> main)
    {
        await main();
        return 1;
    }

    [Fact]
    public void Every_form_of_a_run_takes_options_a_token_both_or_neither()
    {
        var options = new LoopOptions { HandleInterrupt = false };
        int runs = 0;
        Loop.Run(One());
        Loop.Run(One(), options);
        Loop.Run(One(), default(CancellationToken));
        Loop.Run(One(), options, CancellationToken.None);
        Loop.Run(One(), cancellationToken: CancellationToken.None);
        Loop.Run(One);
        Loop.Run(One, options);
        Loop.Run(One, CancellationToken.None);
        Loop.Run(async () => { await Loop.Yield(); runs++; });
        Loop.Run(async () => { await Loop.Yield(); runs++; }, options, CancellationToken.None);
        Loop.Run(async () => { await Loop.Yield(); return runs++; }, options);
        Loop.Run(async Task () => { await Loop.Yield(); runs++; }, options);
        Loop.Run(async Task<int> () => { await Loop.Yield(); return runs++; }, CancellationToken.None);
        using (var runner = new LoopRunner(options))
        {
            runner.Run(One);
            runner.Run(One, CancellationToken.None);
            runner.Run(async () => { await Loop.Yield(); return runs++; });
        }

        using (var loop = new Loop(options))
        {
            loop.RunUntilComplete(One());
            loop.RunUntilComplete(One, CancellationToken.None);
            loop.RunUntilComplete(async Task () => { await Loop.Yield(); runs++; });
        }

        runs.Should().Be(19);

        async Coroutine One()
        {
            await Loop.Yield();
            runs++;
        }
    }
}
