namespace EventLoop.Tests.Executors;

/// <summary>Work in executors under a <see cref="CapacityLimiter"/>.</summary>
public sealed class LimitedWorkTests : LoopTest
{
    [Fact]
    public void At_most_so_much_runs_at_once_as_there_are_tokens_and_all_of_it_runs() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(2);
        using var bothRun = new Barrier(2);
        var threads = new Headcount();
        int[] results = await Loop.Gather(Enumerable.Range(0, 8).Select(i => Loop.ToThread(
            () =>
            {
                threads.Enter();
                bothRun.SignalAndWait(Seconds(10)).Should().BeTrue("two are let in at a time");
                threads.Leave();
                return i;
            },
            limiter)));

        results.Should().Equal(Enumerable.Range(0, 8));
        threads.Most.Should().BeLessThanOrEqualTo(2);
        limiter.BorrowedTokens.Should().Be(0);
    });

    [Fact]
    public void One_task_may_have_several_pieces_of_work_under_one_limiter_beside_a_token_of_its_own() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(3);
        using (await limiter.AcquireAsync())
        {
            await using var executor = new DedicatedThreadExecutor(2);
            (await Loop.RunInExecutor(executor, () => limiter.Borrowers.Count, limiter)).Should().Be(2);
            await Loop.RunInExecutor(executor, () => { }, limiter);
            (await Loop.RunInExecutor(executor, () => 3, null)).Should().Be(3);
        }

        limiter.AvailableTokens.Should().Be(3);
    });

    [Fact]
    public void Work_whose_waiter_was_cancelled_keeps_its_token_until_it_has_ended() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(1);
        using var begun = new SemaphoreSlim(0);
        using var go = new ManualResetEventSlim();
        LoopTask work = Loop.CreateTask(Loop.ToThread(
            () =>
            {
                begun.Release();
                go.Wait(Seconds(10));
            },
            limiter));
        await begun.WaitAsync().OnLoop();

        work.Cancel();
        (await Catch(work)).Should().BeAssignableTo<OperationCanceledException>();
        limiter.BorrowedTokens.Should().Be(1, "the work goes on");
        limiter.Borrowers.Single().ToString().Should().Contain(work.Name);

        go.Set();
        (await Loop.WaitFor(limiter.AcquireAsync(), Seconds(10))).Dispose();
    });

    [Fact]
    public void Work_that_is_cancelled_while_it_waits_for_a_token_never_begins() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(1);
        bool ran = false;
        Releaser token = await limiter.AcquireAsync();
        LoopTask work = Loop.CreateTask(Loop.ToThread(() => { ran = true; }, limiter));
        await Yields(2);
        work.WaitingOn.Should().Contain("capacity limiter (1 of 1 lent)");

        work.Cancel();
        (await Catch(work)).Should().BeAssignableTo<OperationCanceledException>();
        token.Dispose();
        limiter.BorrowedTokens.Should().Be(0);
        await Loop.ToThread(() => ran.Should().BeFalse(), limiter);
    });

    [Fact]
    public void Work_that_fails_or_is_refused_gives_its_token_back() => RunLoop(async () =>
    {
        var limiter = new CapacityLimiter(1);
        (await Catch(Loop.ToThread(() => throw new InvalidDataException(), limiter))).Should().BeOfType<InvalidDataException>();
        limiter.BorrowedTokens.Should().Be(0);

        var executor = new ThreadPoolExecutor();
        await executor.DisposeAsync().AsTask().OnLoop();
        (await Catch(Loop.RunInExecutor(executor, () => { }, limiter))).Should().BeOfType<ObjectDisposedException>();
        limiter.BorrowedTokens.Should().Be(0);
    });

    [Theory]
    [InlineData("cancelled")]
    [InlineData("left waiting")]
    [InlineData("left waiting and closed on another thread")]
    public void A_loop_that_closes_gives_back_the_tokens_of_work_that_it_leaves_behind(string how)
    {
        var limiter = new CapacityLimiter(1);
        using var begun = new SemaphoreSlim(0);
        using var go = new ManualResetEventSlim();
        var executor = new DedicatedThreadExecutor(1);
        var first = NewLoop();
        first.RunUntilComplete(async () =>
        {
            LoopTask work = Loop.CreateTask(Loop.RunInExecutor(
                executor,
                () =>
                {
                    begun.Release();
                    go.Wait(Seconds(10));
                },
                limiter));
            _ = Loop.CreateTask(Loop.RunInExecutor(executor, static () => { }, limiter), "waits for a token");
            await begun.WaitAsync().OnLoop();
            if (how == "cancelled")
            {
                work.Cancel();
                await Catch(work);
            }
        });
        if (how.EndsWith("thread", StringComparison.Ordinal))
        {
            OnThread(first.Dispose);
        }
        else
        {
            first.Dispose();
        }

        RunLoop(async () =>
        {
            (await Loop.WaitFor(limiter.AcquireAsync(), Seconds(10))).Dispose();
            go.Set();
            await Loop.RunInExecutor(executor, static () => { }, limiter);      // behind the other one
            await Yields(2);
            (limiter.BorrowedTokens, limiter.Statistics.Waiting).Should().Be((0, 0));
        });
        executor.DisposeAsync().AsTask().Wait(Seconds(10)).Should().BeTrue();
    }
}
