namespace EventLoop.Tests.Tasks;

/// <summary>What others have registered on the token of a task or scope: called on the thread pool, so that it holds up nobody on the loop.</summary>
[UnderSeeds(20)]
public sealed class TokenCallbackTests : LoopTest
{
    [Theory]
    [InlineData("cancel of a task")]
    [InlineData("cancel of a scope")]
    [InlineData("deadline")]
    [InlineData("group")]
    [InlineData("inherited scope")]
    public void A_callback_that_blocks_holds_up_nothing_on_the_loop(string by) => RunLoop(async () =>
    {
        using var release = new ManualResetEventSlim();
        var called = new TaskCompletionSource<int>();
        LoopFuture<CancellationToken> handedOut = Loop.Current.CreateFuture<CancellationToken>();
        LoopTask task = Loop.CreateTask(async () =>
        {
            switch (by)
            {
                case "cancel of a scope":
                    await CancelScope.Run(async scope =>
                    {
                        HandOut();
                        Loop.Current.CallSoon(() => scope.Cancel());
                        await Forever();
                    });
                    break;
                case "deadline":
                    await CancelScope.MoveOnAfter(Seconds(1), async _ =>
                    {
                        HandOut();
                        await Forever();
                    });
                    break;
                case "group":
                    await TaskGroup.Run(async group =>
                    {
                        HandOut();
                        Loop.Current.CallSoon(() => group.Cancel());
                        await Forever();
                    });
                    break;
                case "inherited scope":
                    await CancelScope.Run(async scope => await TaskGroup.Run(async group => group.StartSoon(async () =>
                    {
                        HandOut();
                        Loop.Current.CallSoon(() => scope.Cancel());
                        await Forever();
                    })));
                    break;
                default:
                    HandOut();
                    LoopTask me = Loop.CurrentTask!;
                    Loop.Current.CallSoon(() => me.Cancel());
                    await Forever();
                    break;
            }
        });
        CancellationToken token = await handedOut;

        await Catch(task);      // although its callback has not returned

        token.IsCancellationRequested.Should().BeTrue();
        called.Task.IsCompleted.Should().BeFalse();
        release.Set();
        (await called.Task).Should().NotBe(Environment.CurrentManagedThreadId);

        void HandOut()
        {
            handedOut.SetResult(Loop.CancellationToken);
            Loop.CancellationToken.Register(() =>
            {
                release.Wait(TimeSpan.FromSeconds(10));
                called.SetResult(Environment.CurrentManagedThreadId);
            });
        }
    });

    [Fact]
    public void A_callback_is_called_although_what_it_was_registered_with_has_ended_when_the_pool_comes_to_it() => RunLoop(async () =>
    {
        for (int i = 0; i < 20; i++)
        {
            var called = new TaskCompletionSource();
            await CancelScope.Run(async scope =>
            {
                scope.Token.Register(called.SetResult);
                scope.Cancel();
                await Loop.Yield();
            });
            await called.Task;

            called = new TaskCompletionSource();
            LoopTask task = Loop.CreateTask(async () =>
            {
                Loop.CancellationToken.Register(called.SetResult);
                Loop.CurrentTask!.Cancel();
                await Loop.Yield();
            });
            await Catch(task);
            await called.Task;
        }
    });

    [Fact]
    public void A_callback_finds_its_token_cancelled_and_those_inside_are_when_the_call_returns() => RunLoop(async () =>
    {
        var seen = new TaskCompletionSource<bool>();
        await CancelScope.Run(async outer => await CancelScope.Run(async middle => await CancelScope.Run(async inner =>
        {
            CancellationToken[] tokens = [inner.Token, middle.Token, outer.Token];
            inner.Token.Register(() => seen.SetResult(tokens[0].IsCancellationRequested));

            outer.Cancel();

            tokens.Should().OnlyContain(static token => token.IsCancellationRequested);
            await Catch(Forever());
        })));

        (await seen.Task).Should().BeTrue();
    });

    [Fact]
    public void A_callback_belongs_to_no_task_whoever_cancels_and_leaves_the_step_as_it_was() => RunLoop(async () =>
    {
        LoopTask me = Loop.CurrentTask!;
        var seen = new TaskCompletionSource<(bool, SynchronizationContext?)>();
        var own = new SynchronizationContext();
        await CancelScope.Run(async scope =>
        {
            scope.Token.Register(() => seen.SetResult((Loop.TryGetCurrent(out _), SynchronizationContext.Current)));
            SynchronizationContext.SetSynchronizationContext(own);

            scope.Cancel();

            SynchronizationContext.Current.Should().BeSameAs(own);
            Loop.CurrentTask.Should().BeSameAs(me);
        });

        (await seen.Task).Should().Be((false, null));
        Loop.CurrentTask.Should().BeSameAs(me);
    });

    [Fact]
    public void A_callback_that_asks_for_it_is_called_on_the_loop() => RunLoop(async () =>
    {
        LoopFuture<int> called = Loop.Current.CreateFuture<int>();
        await CancelScope.Run(async scope =>
        {
            scope.Token.Register(() => called.SetResult(Environment.CurrentManagedThreadId), useSynchronizationContext: true);
            scope.Cancel();
            await Loop.Yield();
        });

        (await called).Should().Be(Environment.CurrentManagedThreadId);
    });

    [Fact]
    public void A_callback_reaches_the_loop_by_what_other_threads_use() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        LoopFuture<int> done = loop.CreateFuture<int>();
        await CancelScope.MoveOnAfter(Seconds(1), async scope =>
        {
            scope.Token.Register(() => loop.Submit(async () =>
            {
                await Loop.Sleep(1);
                done.SetResult(Environment.CurrentManagedThreadId);
            }));
            await Forever();
        });

        (await done).Should().Be(Environment.CurrentManagedThreadId);
    });

    [Fact]
    public void Virtual_time_holds_still_while_callbacks_run() => RunLoop(async () =>
    {
        TimeSpan start = Loop.Current.Time;
        var called = new TaskCompletionSource();
        await CancelScope.Run(async scope =>
        {
            scope.Token.Register(() =>
            {
                Thread.Yield();
                called.SetResult();
            });
            scope.Cancel();
            await Catch(Loop.Yield());
        });
        await Loop.Sleep(Seconds(1));

        called.Task.IsCompleted.Should().BeTrue();
        (Loop.Current.Time - start).Should().BeCloseTo(Seconds(1), Seconds(0.1));
    });

    [Fact]
    public void A_token_that_was_asked_for_before_its_scope_was_entered_leaves_nothing_behind_with_the_task() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            var scope = new CancelScope();
            CancellationToken token = scope.Token;
            token.Register(() => Log.Add("must not be called"));
            await scope.RunAsync(static () => Yields(1));
            await Forever();
        });
        await Yields(5);
        task.Cancel();
        await Catch(task);
        await Loop.Sleep(1);

        Log.Should().BeEmpty();
        Reported.Should().BeEmpty();
    });

    [Fact]
    public void A_token_that_was_asked_for_before_its_scope_was_entered_fires_with_what_is_around_it() => RunLoop(async () =>
    {
        var scope = new CancelScope();
        CancellationToken token = scope.Token;
        bool ended = await CancelScope.Run(async outer =>
        {
            await scope.RunAsync(async () =>
            {
                token.IsCancellationRequested.Should().BeFalse();
                outer.Cancel();
                token.IsCancellationRequested.Should().BeTrue();
                await Loop.Yield();
            });
        });

        ended.Should().BeFalse();
    });

    [Fact]
    public void A_callback_that_fails_while_its_scope_enters_a_cancelled_one_is_reported_and_the_scope_entered_all_the_same() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        var scope = new CancelScope();
        scope.Token.Register(() => throw failure);

        bool ended = await CancelScope.Run(async outer =>
        {
            outer.Cancel();
            await scope.RunAsync(static () => Yields(1));
        });

        ended.Should().BeFalse();
        await Loop.Sleep(1);
        Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
    });

    [Fact]
    public void What_a_callback_throws_is_reported_on_the_thread_of_the_loop() => RunLoop(async () =>
    {
        int thread = 0;
        Loop.Current.ExceptionHandler = (_, context) =>
        {
            thread = Environment.CurrentManagedThreadId;
            Log.Add(context.Message);
        };
        await CancelScope.Run(async scope =>
        {
            scope.Token.Register(static () => throw new InvalidDataException());
            scope.Cancel();
            await Loop.Yield();
        });
        await Loop.Sleep(1);

        Log.Should().ContainSingle().Which.Should().Contain("token");
        thread.Should().Be(Environment.CurrentManagedThreadId);
    });

    [Fact]
    public void A_callback_that_fails_where_no_loop_runs_fails_the_call_that_cancels()
    {
        var failure = new InvalidDataException();
        var scope = new CancelScope();
        scope.Token.Register(() => throw failure);

        Assert.Throws<AggregateException>(() => scope.Cancel()).InnerExceptions.Should().Equal(failure);
        scope.CancelCalled.Should().BeTrue();
    }

    [RealTime("the callback blocks for as long as the loop may take to close")]
    [Fact]
    public void The_end_of_a_run_does_not_wait_for_a_callback()
    {
        using var release = new ManualResetEventSlim();
        var called = new TaskCompletionSource();
        RunLoop(async () => await CancelScope.Run(async scope =>
        {
            scope.Token.Register(() =>
            {
                release.Wait(TimeSpan.FromSeconds(10));
                called.SetResult();
            });
            scope.Cancel();
            await Loop.Yield();
        }));

        called.Task.IsCompleted.Should().BeFalse();
        release.Set();
        called.Task.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
    }
}
