namespace EventLoop.Tests.Callbacks;

[UnderSeeds(50)]
public sealed class SubmitTests : LoopTest
{
    [Fact]
    public void Submit_from_another_thread_gives_the_result() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;

        int result = await Task.Run(() => loop.Submit(() => After(3, 12)));

        result.Should().Be(12);
    });

    [Fact]
    public void A_thread_can_block_until_its_submitted_work_is_done() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;

        int result = await Task.Run(() => loop.Submit(() => After(3, 12)).Result);

        result.Should().Be(12);
    });

    [Fact]
    public void Submitted_work_runs_on_the_loop_as_a_task_of_its_own() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        LoopTask? main = Loop.CurrentTask;

        (int thread, LoopTask? task) = await Task.Run(() => loop.Submit(async () => (Environment.CurrentManagedThreadId, Loop.CurrentTask)));

        thread.Should().Be(Environment.CurrentManagedThreadId);
        task.Should().NotBeNull().And.NotBeSameAs(main);
    });

    [Fact]
    public void A_failure_reaches_the_submitter_and_nobody_else() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        var failure = new InvalidDataException();

        Exception? caught = await Task.Run(async () => await Record.ExceptionAsync(() => loop.Submit(() => ThrowAfter(1, failure))));

        caught.Should().BeSameAs(failure);
        Reported.Should().BeEmpty();
    });

    [Fact]
    public void Submit_of_an_async_Task_method_gives_the_result() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;

        (await Task.Run(() => loop.Submit(Work))).Should().Be(3);

        static async Task<int> Work()
        {
            await Loop.Yield();
            return 3;
        }
    });

    [Fact]
    public void The_token_cancels_the_work_on_the_loop() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        using var source = new CancellationTokenSource();
        LoopFuture cleanedUp = loop.CreateFuture();
        LoopFuture started = loop.CreateFuture();
        Task submitted = OnThread(() => loop.Submit(async () =>
        {
            started.SetResult();
            try
            {
                await Forever();
            }
            finally
            {
                cleanedUp.SetResult();
            }
        }, source.Token));
        await started;

        await source.CancelAsync();

        await cleanedUp;
        (await Record.ExceptionAsync(() => submitted)).Should().BeAssignableTo<OperationCanceledException>();
        submitted.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void A_task_that_cancels_itself_makes_the_submitters_task_canceled() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        Task submitted = OnThread(() => loop.Submit(async () =>
        {
            Loop.CurrentTask!.Cancel();
            await Loop.Yield();
        }));

        await Record.ExceptionAsync(() => submitted);

        submitted.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void Submit_on_the_loops_own_running_thread_makes_a_task() => RunLoop(async () =>
    {
        LoopTask? main = Loop.CurrentTask;
        LoopTask? submitted = null;
        Task<int> value = Loop.Current.Submit(async () =>
        {
            submitted = Loop.CurrentTask;
            return await After(1, 3);
        });
        submitted.Should().BeNull("it never runs inside the call");

        (await value).Should().Be(3);
        submitted.Should().NotBeNull().And.NotBeSameAs(main);
    });

    [Fact]
    public void Work_that_was_submitted_on_the_loops_own_thread_is_cancelled_by_its_token() => RunLoop(async () =>
    {
        using var source = new CancellationTokenSource();
        Task submitted = Loop.Current.Submit(Forever, source.Token);
        await Yields(2);
        source.Cancel();

        (await Record.ExceptionAsync(() => submitted)).Should().BeAssignableTo<OperationCanceledException>();
    });

    [Fact]
    public void Submit_to_a_loop_that_does_not_run_yet_is_kept_for_it()
    {
        using Loop loop = NewLoop();
        Task<int> submitted = OnThread(() => loop.Submit(() => After(1, 3)));

        loop.RunUntilComplete(Yields(5));

        submitted.IsCompletedSuccessfully.Should().BeTrue();
        submitted.Result.Should().Be(3);
    }

    [Fact]
    public void Continuations_of_the_submitter_do_not_run_on_the_loop_thread() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        LoopFuture gate = loop.CreateFuture();
        Task<int> continuation = OnThread(() => loop.Submit(async () => await gate).ContinueWith(
            static _ => Environment.CurrentManagedThreadId, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
        gate.SetResult();

        (await continuation).Should().NotBe(Environment.CurrentManagedThreadId);
    });

    [Fact]
    public void Work_submitted_and_not_done_when_its_loop_closes_is_canceled_for_the_submitter()
    {
        Task submitted = RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            Task work = OnThread(() => loop.Submit(Forever));
            await Yields(3);
            return work;
        });

        Record.Exception(() => submitted.Wait(TimeSpan.FromSeconds(10))).Should().NotBeNull();
        submitted.IsCanceled.Should().BeTrue();
    }

    [Fact]
    public void A_token_that_outlives_what_was_submitted_keeps_nothing_of_it()
    {
        using var longLived = new CancellationTokenSource();
        var works = new List<WeakReference>();
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            await Task.Run(() => SubmitMany(loop, longLived.Token, works));
        });

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        works.Count(static work => work.IsAlive).Should().BeLessThan(5, "only what a stack or a pool still holds may live");

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void SubmitMany(Loop loop, CancellationToken token, List<WeakReference> works)
        {
            for (int i = 0; i < 500; i++)
            {
                var payload = new object();
                works.Add(new WeakReference(payload));
                loop.Submit(async () =>
                {
                    await Loop.Sleep(0);
                    GC.KeepAlive(payload);
                }, token).Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
            }
        }
    }

    [Fact]
    public void Submit_of_a_plain_function_runs_it_on_the_loop_and_gives_its_value() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        int thread = Environment.CurrentManagedThreadId;

        int value = await Task.Run(() => loop.Submit(static () => Environment.CurrentManagedThreadId));
        await Task.Run(() => loop.Submit(() => { Log.Add($"{Environment.CurrentManagedThreadId == thread}"); }));

        value.Should().Be(thread);
        Log.Should().Equal("True");
    });

    [Fact]
    public void Submit_of_a_plain_function_that_throws_fails_for_the_submitter() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        var failure = new InvalidDataException();

        (await Task.Run(async () => await Record.ExceptionAsync(() => loop.Submit(() => Fail(failure))))).Should().BeSameAs(failure);
        Reported.Should().BeEmpty();

        static int Fail(Exception failure) => throw failure;
    });

    [Fact]
    public void Submit_prefers_the_form_that_awaits_what_the_function_returns() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;

        int[] values = await Task.Run(() => Task.WhenAll(
            loop.Submit(() => After(1, 1)), loop.Submit(() => Task.FromResult(2)), loop.Submit(async () => await After(1, 3)), loop.Submit(() => 4)));

        values.Should().Equal(1, 2, 3, 4);
    });

    [Fact]
    public void Submit_of_a_function_whose_awaitable_nobody_would_await_is_refused() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;

        OnThread(() =>
        {
            Assert.Throws<ArgumentException>(() => { _ = loop.Submit(static () => ValueTask.CompletedTask); }).Message.Should().Contain("await");
            Assert.Throws<ArgumentException>(() => { _ = loop.Submit(static () => new ValueTask<int>(1)); });
        });
    });
}
