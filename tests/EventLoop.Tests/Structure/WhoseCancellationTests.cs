namespace EventLoop.Tests.Structure;

/// <summary>Once a scope, timeout or group was cancelled, any cancellation that leaves it is its
/// own, whichever token it carries; before that, none is.</summary>
[UnderSeeds(20)]
public sealed class WhoseCancellationTests : LoopTest
{
    public static TheoryData<string> Waits => ["linked source", "no token", "an unrelated token", "a library's own type"];

    [Theory]
    [MemberData(nameof(Waits))]
    public void MoveOnAfter_returns_false_by_whichever_token_the_cancellation_comes_back(string wait) => RunLoop(async () =>
        (await CancelScope.MoveOnAfter(Seconds(1), async _ => await Wait(wait))).Should().BeFalse(), Hooked);

    [Theory]
    [MemberData(nameof(Waits))]
    public void FailAfter_Timeout_and_WaitFor_throw_TimeoutException_by_whichever_token_the_cancellation_comes_back(string wait) => RunLoop(async () =>
    {
        (await Catch(CancelScope.FailAfter(Seconds(1), async _ => await Wait(wait)))).Should().BeOfType<TimeoutException>();
        (await Catch(Loop.Timeout(Seconds(1), async _ => await Wait(wait)))).Should().BeOfType<TimeoutException>();
        (await Catch(Loop.WaitFor(async Coroutine () => await Wait(wait), Seconds(1)))).Should().BeOfType<TimeoutException>();
        (await Catch(Loop.WaitFor(async Task () => await Wait(wait), Seconds(1)))).Should().BeOfType<TimeoutException>();
    }, Hooked);

    [Theory]
    [MemberData(nameof(Waits))]
    public void A_cancelled_group_takes_what_leaves_its_body_and_its_children_by_whichever_token_it_comes_back(string wait) => RunLoop(async () =>
    {
        await TaskGroup.Run(async group =>
        {
            group.StartSoon(async Coroutine () => await Wait(wait));
            Loop.Current.CallLater(Seconds(1), () => group.Cancel());
            await Wait(wait);
        });

        Loop.CurrentTask!.CancelRequests.Should().Be(0);
    }, Hooked);

    [Theory]
    [MemberData(nameof(Waits))]
    public void A_cancelled_task_is_canceled_by_whichever_token_the_cancellation_comes_back(string wait) => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async Coroutine () => await Wait(wait));
        await Loop.Yield();
        task.Cancel();
        await Catch(task);

        task.IsCanceled.Should().BeTrue();
    }, Hooked);

    [Theory]
    [MemberData(nameof(Waits))]
    public void A_child_in_a_cancelled_scope_is_canceled_by_whichever_token_the_cancellation_comes_back(string wait) => RunLoop(async () =>
    {
        LoopTask? child = null;
        bool ended = await CancelScope.MoveOnAfter(Seconds(1), async _ => await TaskGroup.Run(async group =>
        {
            child = group.CreateTask(async Coroutine () => await Wait(wait));
            await child;
        }));

        ended.Should().BeFalse();
        child!.IsCanceled.Should().BeTrue();
    }, Hooked);

    [Theory]
    [InlineData("timeout")]
    [InlineData("scope")]
    [InlineData("group")]
    public void A_request_that_follows_one_that_was_taken_back_inside_is_not_absorbed(string kind) => RunLoop(async () =>
    {
        var task = Loop.CreateTask(async Coroutine () =>
        {
            try
            {
                await Forever();
            }
            catch (LoopCanceledException)
            {
                await (kind switch
                {
                    "timeout" => Loop.Timeout(Seconds(1), async _ => await GoOn()),
                    "scope" => Dropped(CancelScope.MoveOnAfter(Seconds(1), async _ => await GoOn())),
                    _ => TaskGroup.Run(async group =>
                    {
                        Loop.Current.CallLater(Seconds(1), () => group.Cancel());
                        await GoOn();
                    }),
                });
            }
        });
        await Yields(2);
        task.Cancel();
        await Yields(2);
        Loop.Current.CallLater(Seconds(0.9), () => task.Cancel());
        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        task.IsCanceled.Should().BeTrue();

        static async Coroutine Dropped(Coroutine<bool> inTime) => await inTime;

        static async Coroutine GoOn()
        {
            Loop.CurrentTask!.Uncancel();
            try
            {
                await Forever();
            }
            finally
            {
                await Loop.Sleep(Seconds(0.3));      // the second is over in the middle of it
            }
        }
    });

    [Fact]
    public void Before_it_is_cancelled_no_cancellation_is_its_own() => RunLoop(async () =>
    {
        var foreign = new TaskCanceledException("HTTP timeout");
        var ours = new LoopCanceledException("somebody else's");

        foreach (Exception exception in new Exception[] { foreign, ours })
        {
            (await Catch(CancelScope.Run(_ => ThrowAfter(1, exception)))).Should().BeSameAs(exception);
            (await Catch(Loop.Timeout(Seconds(1), _ => ThrowAfter(1, exception)))).Should().BeSameAs(exception);
            (await Catch(Loop.WaitFor(ThrowAfter(1, exception), Seconds(1)))).Should().BeSameAs(exception);
        }

        (await Catch(TaskGroup.Run(_ => ThrowAfter(1, foreign)))).Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(foreign);
    });

    [Fact]
    public void A_scope_inside_a_cancelled_one_absorbs_nothing_of_it() => RunLoop(async () =>
    {
        bool inner = true;
        bool outer = await CancelScope.MoveOnAfter(Seconds(1), async _ =>
        {
            inner = await CancelScope.MoveOnAfter(Seconds(5), static async _ => await Linked());
        });

        (outer, inner).Should().Be((false, true));
    });

    [Fact]
    public void A_child_that_swallows_the_cancellation_takes_it_back_and_waits_by_its_token_does_not_fail_the_group() => RunLoop(async () =>
    {
        bool ended = await CancelScope.MoveOnAfter(Seconds(1), static async _ => await TaskGroup.Run(static async group =>
        {
            group.StartSoon(static async () => await CancelScope.MoveOnAfter(Seconds(10), static async _ =>
            {
                await Catch(async Coroutine () => await Task.Delay(Timeout.InfiniteTimeSpan, Loop.CancellationToken));
                Loop.CurrentTask!.Uncancel();
                await Task.Delay(Timeout.InfiniteTimeSpan, Loop.CancellationToken);
            }));
            await Forever();
        }));

        ended.Should().BeFalse();
    });

    [Fact]
    public void A_child_of_an_aborting_group_that_takes_its_cancellation_back_and_ends_in_another_one_is_no_failure() => RunLoop(async () =>
    {
        await TaskGroup.Run(async group =>
        {
            group.StartSoon(async () =>
            {
                await Catch(Forever());
                Loop.CurrentTask!.Uncancel();
                await Yields(2);
                throw new TaskCanceledException();
            });
            await Loop.Yield();
            group.Cancel();
        });
    });

    [Fact]
    public void A_failure_of_the_hook_is_reported_and_the_exception_counts_as_what_it_is() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(CancelScope.Run(scope =>
        {
            scope.Cancel();
            return ThrowAfter(0, failure);
        }))).Should().BeSameAs(failure);
        Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<NotSupportedException>();
    }, Options with { IsCancellation = static _ => throw new NotSupportedException() });

    private LoopOptions Hooked => Options with { IsCancellation = static exception => exception is InvalidTimeZoneException { Message: "cancelled" } };

    private static Task Wait(string how) => how switch
    {
        "linked source" => Linked(),
        "no token" => Thrown(new OperationCanceledException()),
        "an unrelated token" => Thrown(new OperationCanceledException(new CancellationToken(true))),
        _ => Thrown(new InvalidTimeZoneException("cancelled")),
    };

    private static async Task Linked()
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Loop.CancellationToken);
        await Task.Delay(Timeout.InfiniteTimeSpan, source.Token);
    }

    private static async Task Thrown(Exception exception)
    {
        var result = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = Loop.CancellationToken.Register(() => result.TrySetException(exception));
        await result.Task;
    }

    private static Coroutine<Exception?> Catch(Func<Coroutine> body) => Catch(body());
}
