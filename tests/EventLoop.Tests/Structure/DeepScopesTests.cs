namespace EventLoop.Tests.Structure;

/// <summary>Nests as deep, and groups as large, as nobody writes on purpose: neither the stack nor the square of their size stands in the way.</summary>
public sealed class DeepScopesTests : LoopTest
{
    private const int Depth = 10_000;

    [Theory]
    [InlineData("scope", false)]
    [InlineData("scope", true)]
    [InlineData("timeout", false)]
    [InlineData("timeout", true)]
    [InlineData("group", false)]
    [InlineData("group", true)]
    public void A_deep_nest_is_entered_cancelled_and_left_on_a_small_stack(string kind, bool asksForToken)
    {
        bool? ended = null;
        using var fired = new ManualResetEventSlim();
        var thread = new Thread(() => RunLoop(async () => ended = await CancelScope.MoveOnAfter(Seconds(1), async _ => await Nest(kind, Depth, async () =>
        {
            if (asksForToken)
            {
                Loop.CancellationToken.Register(fired.Set);
            }

            await Forever();
        }))), 128 * 1024);
        thread.Start();
        thread.Join();

        ended.Should().BeFalse();
        fired.Wait(asksForToken ? TimeSpan.FromSeconds(10) : TimeSpan.Zero).Should().Be(asksForToken);
    }

    [Fact]
    public void Timeouts_one_inside_the_other_that_expire_at_once_end_in_the_outermost() => RunLoop(async () =>
    {
        TimeSpan at = Loop.Current.Time + Seconds(1);

        (await Catch(Nested(20_000))).Should().BeOfType<TimeoutException>();

        async Coroutine Nested(int levels)
        {
            if (levels == 0)
            {
                await Forever();
            }
            else
            {
                await Loop.TimeoutAt(at, async _ => await Nested(levels - 1));
            }
        }
    });

    [Fact]
    public void Timeouts_one_inside_the_other_that_expire_one_after_the_other_interrupt_the_innermost_wait_each() => RunLoop(async () =>
    {
        int caught = 0;
        (await Catch(Nested(5_000))).Should().BeOfType<TimeoutException>();
        caught.Should().Be(5_000);

        async Coroutine Nested(int levels)
        {
            if (levels > 0)
            {
                await Loop.Timeout(TimeSpan.FromMilliseconds(levels), async _ => await Nested(levels - 1));
                return;
            }

            while (caught < 5_000)
            {
                await Catch(Forever());
                caught++;
            }

            throw new OperationCanceledException();
        }
    });

    [Fact]
    public void Every_level_of_a_deep_nest_may_wait_in_its_cleanup_and_cancel_itself() => RunLoop(async () =>
    {
        int caught = 0;
        await Nested(Depth);
        caught.Should().Be(Depth);
        Loop.CurrentTask!.CancelRequests.Should().Be(0);

        async Coroutine Nested(int levels)
        {
            if (levels > 0)
            {
                var scope = new CancelScope();
                await scope.RunAsync(async Coroutine () =>
                {
                    await Nested(levels - 1);
                    await Loop.Yield();
                    scope.Cancel();
                    await Loop.Yield();
                });
                caught += scope.CanceledCaught ? 1 : 0;
            }
        }
    });

    [Fact]
    public void Shields_toggled_on_every_level_of_a_deep_nest_hold_off_what_they_should_at_once() => RunLoop(async () =>
    {
        const int Levels = 20_000;
        var scopes = new CancelScope[Levels];
        LoopTask task = Loop.CreateTask(Nested(0));
        await Loop.Yield();
        foreach (CancelScope scope in scopes)
        {
            scope.Shield = true;
        }

        task.Cancel();
        await Yields(3);
        task.IsCompleted.Should().BeFalse("the shields hold the request off");

        foreach (CancelScope scope in scopes.Reverse())
        {
            scope.Shield = false;
        }

        await Catch(task);
        task.IsCanceled.Should().BeTrue();

        async Coroutine Nested(int level)
        {
            if (level == Levels)
            {
                await Forever();
                return;
            }

            scopes[level] = new CancelScope();
            await scopes[level].RunAsync(async () => await Nested(level + 1));
        }
    });

    [Fact]
    public void Many_flows_of_one_task_have_scopes_of_their_own() => RunLoop(async () =>
    {
        const int flows = 5_000;
        Task<bool>[] all = [.. Enumerable.Range(0, flows).Select(static i => Flow(i))];

        bool[] ended = await Task.WhenAll(all);

        ended.Should().OnlyContain(static one => !one);
        Loop.CurrentTask!.CancelRequests.Should().Be(0);

        static async Task<bool> Flow(int i) => await CancelScope.MoveOnAfter(TimeSpan.FromMilliseconds(i + 1), static async _ =>
        {
            await Loop.Yield();
            await Forever();
        });
    });

    [Fact]
    public void A_scope_around_a_large_group_whose_children_have_timeouts_is_cancelled() => RunLoop(async () =>
    {
        const int children = 5_000;
        int cancelled = 0;
        bool ended = await CancelScope.MoveOnAfter(Seconds(1), async _ => await TaskGroup.Run(async group =>
        {
            for (int i = 0; i < children; i++)
            {
                group.StartSoon(async () => await Loop.Timeout(Seconds(100), async _ =>
                {
                    try
                    {
                        await Forever();
                    }
                    finally
                    {
                        cancelled++;
                    }
                }));
            }
        }));

        ended.Should().BeFalse();
        cancelled.Should().Be(children);
    });

    [Fact]
    public void A_large_group_in_a_scope_ends_and_reports_all_its_failures() => RunLoop(async () =>
    {
        const int children = 10_000;
        var gone = new AsyncEvent();
        Exception? error = await Catch(Loop.Timeout(Seconds(100), async _ => await TaskGroup.Run(async group =>
        {
            for (int i = 0; i < children; i++)
            {
                group.StartSoon(static () => Yields(1));
                group.StartSoon(async () =>
                {
                    await CancelScope.Run(async _ => await gone.WaitAsync(), shield: true);
                    throw new InvalidDataException();
                });
            }

            await Yields(3);
            gone.Set();
        })));

        error.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().HaveCount(children);
    });

    private static async Coroutine Nest(string kind, int levels, Func<Coroutine> innermost)
    {
        if (levels == 0)
        {
            await innermost();
            return;
        }

        switch (kind)
        {
            case "scope":
                await CancelScope.Run(async _ => await Nest(kind, levels - 1, innermost));
                break;
            case "timeout":
                await Loop.Timeout(Seconds(100), async _ => await Nest(kind, levels - 1, innermost));
                break;
            default:
                await TaskGroup.Run(async _ => await Nest(kind, levels - 1, innermost));
                break;
        }
    }
}
