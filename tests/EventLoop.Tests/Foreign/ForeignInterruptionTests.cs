using Unoptimized = EventLoop.Tests.Foreign.Unoptimized;

namespace EventLoop.Tests.Foreign;

/// <summary>What a cancellation does to the await of a .NET task inside a coroutine.</summary>
[UnderSeeds(20)]
public sealed class ForeignInterruptionTests : LoopTest
{
    public static TheoryData<string, bool> Kinds
    {
        get
        {
            var kinds = new TheoryData<string, bool>();
            foreach (string kind in Optimized.Awaits.All.Keys)
            {
                kinds.Add(kind, false);
                kinds.Add(kind, true);
            }

            return kinds;
        }
    }

    private static Func<Task<int>, Coroutine> AwaitOf(string kind, bool unoptimized) => (unoptimized ? Unoptimized.Awaits.All : Optimized.Awaits.All)[kind];

    private static readonly TaskCompletionSource<int> Never = new();

    [Fact]
    public void The_state_machines_of_these_tests_are_structs_in_the_one_assembly_and_classes_in_the_other()
    {
        StateMachines(typeof(Optimized.Awaits)).Should().NotBeEmpty().And.OnlyContain(static type => type.IsValueType);
        StateMachines(typeof(Unoptimized.Awaits)).Should().NotBeEmpty().And.OnlyContain(static type => !type.IsValueType);

        static IEnumerable<Type> StateMachines(Type type) => type.GetNestedTypes(System.Reflection.BindingFlags.NonPublic)
            .Where(static nested => typeof(System.Runtime.CompilerServices.IAsyncStateMachine).IsAssignableFrom(nested));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_cancellation_ends_the_await_of_a_task_at_once(string kind, bool unoptimized) => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask task = Loop.CreateTask(AwaitOf(kind, unoptimized)(source.Task));
        await Yields(6);
        task.Status.Should().Be(LoopTaskStatus.Waiting);

        task.Cancel("why");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        task.IsCanceled.Should().BeTrue();
        source.TrySetResult(1).Should().BeTrue("the task is left alone");
        await Yields(5);
        Reported.Should().BeEmpty();
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Where_awaits_are_left_alone_a_cancellation_lands_at_the_next_wait(string kind, bool unoptimized) => RunLoop(async () =>
    {
        Loop.Current.Core.InterruptsForeignAwaits = false;
        var source = new TaskCompletionSource<int>();
        LoopTask task = Loop.CreateTask(async () =>
        {
            await AwaitOf(kind, unoptimized)(source.Task);
            Log.Add("the await ended well");
            await Loop.Yield();
        });
        await Yields(6);

        task.Cancel("why");
        await Yields(10);
        task.IsCompleted.Should().BeFalse();
        source.SetResult(1);

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        Log.Should().Equal("the await ended well");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_is_thrown_at_the_await_inside_the_try_blocks_of_the_method_which_can_await_again(bool unoptimized) => RunLoop(async () =>
    {
        Func<Task<int>, Coroutine> wait = AwaitOf("Task<T>", unoptimized);
        LoopTask task = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < 3; i++)
            {
                try
                {
                    await wait(Never.Task);
                }
                catch (LoopCanceledException canceled)
                {
                    Loop.CurrentTask!.Uncancel();
                    await wait(Later());
                    Log.Add(canceled.Reason!);
                }
            }
        });
        foreach (string reason in (string[])["a", "b", "c"])
        {
            await Yields(10);
            task.Cancel(reason);
        }

        await task;
        Log.Should().Equal("a", "b", "c");

        static async Task<int> Later()
        {
            await Loop.Yield();
            return 1;
        }
    });

    [Fact]
    public void The_timeouts_scopes_and_groups_around_it_end_at_once() => RunLoop(async () =>
    {
        (await Catch(Loop.WaitFor(() => (Task)Never.Task, Seconds(1)))).Should().BeOfType<TimeoutException>();
        (await Catch(Loop.WaitFor(async () => await Never.Task, Seconds(1)))).Should().BeOfType<TimeoutException>();
        (await Catch(Loop.Timeout(Seconds(1), async Coroutine (_) => await Never.Task))).Should().BeOfType<TimeoutException>();
        (await Catch(Loop.Timeout(Seconds(1), async Task (_) => await Never.Task))).Should().BeOfType<TimeoutException>();
        (await Catch(CancelScope.FailAfter(Seconds(1), async _ => await Never.Task))).Should().BeOfType<TimeoutException>();
        (await CancelScope.MoveOnAfter(Seconds(1), async Coroutine (_) => await Never.Task)).Should().BeFalse();
        (await CancelScope.MoveOnAfter(Seconds(0), async Coroutine (_) => await Never.Task)).Should().BeFalse();
        await TaskGroup.Run(async group =>
        {
            group.StartSoon(async () => await Never.Task);
            group.StartSoon(async () =>
            {
                await Loop.Sleep(1);
                group.Cancel();
            });
            await Never.Task.ConfigureAwait(false);
        });
        (await Catch(Loop.Gather(Foreign(), ThrowAfter(2, new InvalidDataException())))).Should().BeOfType<InvalidDataException>();

        static async Coroutine Foreign() => await Never.Task;
    });

    [Fact]
    public void A_group_whose_child_failed_does_not_wait_for_a_task_that_another_child_awaits() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Exception? thrown = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(async () => await Never.Task);
            group.StartSoon(ThrowAfter(2, failure));
        }));

        thrown.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
    });

    [Fact]
    public void The_end_of_a_run_does_not_wait_for_a_task_that_another_task_awaits()
    {
        LoopTask? left = null;
        RunLoop(async () =>
        {
            left = Loop.CreateTask(async () => await Never.Task);
            await Loop.Yield();
        });

        left!.IsCanceled.Should().BeTrue();
        Reported.Should().BeEmpty();
    }

    [Fact]
    public void A_cancellation_that_is_pending_when_the_await_begins_ends_it() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            await Never.Task;
        });
        (await Catch(task)).Should().BeOfType<LoopCanceledException>();

        int times = 0;
        bool ended = await CancelScope.Run(async scope =>
        {
            scope.Cancel();
            for (; times < 500; times++)
            {
                try
                {
                    await Never.Task;
                }
                catch (LoopCanceledException)
                {
                    // A level-triggered scope throws again and again.
                }
            }
        });
        ended.Should().BeTrue();
        times.Should().Be(500);
    });

    [Fact]
    public void A_shield_holds_it_off() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource();
        LoopTask task = Loop.CreateTask(async () =>
        {
            await CancelScope.Run(async _ =>
            {
                await source.Task;
                Log.Add("shielded");
            }, shield: true);
            await Never.Task;
        });
        await Yields(2);
        task.Cancel();
        await Yields(5);
        source.SetResult();

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("shielded");
    });

    [Fact]
    public void A_request_that_is_taken_back_before_it_was_thrown_is_none() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask task = Loop.CreateTask(async () => Log.Add($"{await source.Task}"));
        await Loop.Yield();
        task.Cancel();
        task.Uncancel();
        await Yields(3);
        source.SetResult(5);

        await task;
        Log.Should().Equal("5");
    });

    [Fact]
    public void Several_requests_that_meet_in_one_await_throw_once() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            await Catch(Wait());
            await Loop.Yield();
            Log.Add("resumed");
        });
        await Loop.Yield();
        task.Cancel();
        task.Cancel();

        await task;
        Log.Should().Equal("resumed");
        task.CancelRequests.Should().Be(2);

        static async Coroutine Wait() => await Never.Task;
    });

    [Fact]
    public void What_has_ended_already_is_not_lost_and_the_cancellation_lands_at_the_next_wait() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask task = Loop.CreateTask(async () =>
        {
            Log.Add($"{await source.Task}");
            await Loop.Yield();
            Log.Add("must not get here");
        });
        await Loop.Yield();
        source.SetResult(5);
        task.Cancel();

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("5");
    });

    [Fact]
    public void A_ValueTask_is_never_abandoned() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask task = Loop.CreateTask(async () =>
        {
            Log.Add($"{await new ValueTask<int>(source.Task)}");
            Log.Add($"{await new ValueTask<int>(source.Task).ConfigureAwait(false)}");
            await new ValueTask(source.Task);
        });
        await Loop.Yield();
        task.Cancel();
        await Loop.Sleep(Seconds(100));
        task.IsCompleted.Should().BeFalse();
        source.SetResult(1);

        await task;
        Log.Should().Equal("1", "1");
    });

    [Fact]
    public void An_await_of_a_ValueTask_by_OnLoop_ends_at_once() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () => await new ValueTask<int>(Never.Task).OnLoop());
        await Loop.Yield();
        task.Cancel();

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
    });

    // ---- Code of the task that waits deeper inside

    [Fact]
    public void Where_an_async_Task_method_waits_on_the_loop_that_wait_is_cancelled_and_nothing_is_abandoned() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            try
            {
                await Deeper();
            }
            finally
            {
                Log.Add("outer");
            }
        });
        await Loop.Yield();
        task.Cancel("why");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        Log.Should().Equal("cleaned up", "inner", "outer");

        async Task Deeper()
        {
            try
            {
                await Forever();
            }
            catch (LoopCanceledException)
            {
                await Loop.Sleep(Seconds(30));
                Log.Add("cleaned up");
                throw;
            }
            finally
            {
                Log.Add("inner");
            }
        }
    });

    [Fact]
    public void An_async_Task_method_that_swallows_the_cancellation_keeps_its_result() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(async () => await Deeper());
        await Loop.Yield();
        task.Cancel();

        (await task).Should().Be(7);

        static async Task<int> Deeper()
        {
            await Catch(Forever());
            await Loop.Sleep(Seconds(60));
            return 7;
        }
    });

    [Fact]
    public void A_coroutine_that_is_awaited_as_a_task_is_what_is_interrupted() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            await Middle();
        });
        await Loop.Yield();
        task.Cancel();

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("inner", "middle");

        async Task Middle()
        {
            try
            {
                await Inner().AsTask();
            }
            finally
            {
                Log.Add("middle");
            }
        }

        async Coroutine Inner()
        {
            try
            {
                await Never.Task;
            }
            finally
            {
                Log.Add("inner");
            }
        }
    });

    [Fact]
    public void A_shielded_wait_deeper_inside_is_waited_for() => RunLoop(async () =>
    {
        bool ended = await CancelScope.MoveOnAfter(Seconds(1), async _ =>
        {
            await Deeper();
        });

        ended.Should().BeFalse();
        Log.Should().Equal("shielded", "cancelled");

        async Task Deeper()
        {
            await CancelScope.Run(async _ =>
            {
                await Loop.Sleep(Seconds(100));
                Log.Add("shielded");
            }, shield: true);
            try
            {
                await Loop.Yield();
            }
            finally
            {
                Log.Add("cancelled");
            }
        }
    });

    [Fact]
    public void Code_of_the_task_that_is_about_to_run_takes_the_cancellation_at_its_next_wait() => RunLoop(async () =>
    {
        LoopFuture gate = Loop.Current.CreateFuture();
        LoopTask task = Loop.CreateTask(async () => await Deeper());
        await Yields(3);
        gate.SetResult();
        task.Cancel();

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("cleaned up");

        async Task Deeper()
        {
            await gate;
            try
            {
                await Forever();
            }
            finally
            {
                Log.Add("cleaned up");
            }
        }
    });

    // ---- Where a token was handed out

    [Theory]
    [InlineData("task")]
    [InlineData("loop")]
    [InlineData("scope")]
    [InlineData("outer scope")]
    public void Work_that_was_given_the_token_ends_by_itself_and_its_end_is_what_the_await_sees(string whose) => RunLoop(async () =>
    {
        using var heeded = new CancellationTokenSource();
        Exception? seen = null;
        LoopTask task = Loop.CreateTask(async () => await CancelScope.Run(async outer => await CancelScope.Run(async inner =>
        {
            CancellationToken token = whose switch
            {
                "task" => Loop.CurrentTask!.CancellationToken,
                "loop" => Loop.CancellationToken,
                "scope" => inner.Token,
                _ => outer.Token,
            };
            try
            {
                await Work(token);
            }
            catch (Exception exception)
            {
                seen = exception;
                throw;
            }
        })));
        await Loop.Yield();
        task.Cancel();

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        seen.Should().BeAssignableTo<OperationCanceledException>().And.NotBeOfType<LoopCanceledException>();
        Log.Should().Equal("work cleaned up");

        async Task Work(CancellationToken token)
        {
            try
            {
                await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, token);
            }
            finally
            {
                Log.Add("work cleaned up");
            }
        }
    });

    [Fact]
    public void A_good_end_within_the_grace_is_what_the_await_sees() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask task = Loop.CreateTask(async () =>
        {
            using var registration = Loop.CancellationToken.Register(() => source.SetResult(3));
            Log.Add($"{await source.Task}");
            await Loop.Yield();
        });
        await Loop.Yield();
        task.Cancel();

        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("3");
    });

    [Fact]
    public void Work_that_was_given_the_token_and_does_not_end_is_abandoned_when_its_grace_is_over() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(async () =>
        {
            GC.KeepAlive(Loop.CancellationToken);
            await Never.Task;
        });
        await Loop.Yield();
        TimeSpan start = Loop.Current.Time;
        task.Cancel("why");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        (Loop.Current.Time - start).Should().BeCloseTo(Seconds(5), Seconds(0.1));
    });

    [Fact]
    public void The_grace_is_an_option_and_may_be_none() => RunLoop(
        async () =>
        {
            TimeSpan start = Loop.Current.Time;
            (await CancelScope.MoveOnAfter(Seconds(1), async scope =>
            {
                GC.KeepAlive(scope.Token);
                await Never.Task;
            })).Should().BeFalse();

            (Loop.Current.Time - start).Should().BeCloseTo(Seconds(1), Seconds(0.1));
        },
        Options with { ForeignGrace = TimeSpan.Zero });

    [Fact]
    public void An_infinite_grace_abandons_nothing() => RunLoop(
        async () =>
        {
            var source = new TaskCompletionSource();
            LoopTask task = Loop.CreateTask(async () =>
            {
                GC.KeepAlive(Loop.CancellationToken);
                await source.Task;
                Log.Add("ended");
            });
            await Loop.Yield();
            task.Cancel();
            await Loop.Sleep(TimeSpan.FromDays(100));
            source.SetResult();

            await task;
            Log.Should().Equal("ended");
        },
        Options with { ForeignGrace = System.Threading.Timeout.InfiniteTimeSpan });

    [Fact]
    public void A_negative_grace_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new Loop(Options with { ForeignGrace = TimeSpan.FromSeconds(-5) })).Message.Should().Contain("ForeignGrace");

    [Fact]
    public void The_token_of_a_scope_that_is_over_gives_no_grace_to_what_comes_after_it() => RunLoop(async () =>
    {
        TimeSpan start = Loop.Current.Time;
        LoopTask task = Loop.CreateTask(async () =>
        {
            await Loop.Timeout(Seconds(10), async Coroutine (_) => await Task.Delay(0, Loop.CancellationToken));
            await Never.Task;
        });
        await Yields(2);
        task.Cancel();
        await Catch(task);

        (Loop.Current.Time - start).Should().BeLessThan(Seconds(1));
    });

    // ---- What is said of it

    [Fact]
    public void Debug_mode_names_what_was_abandoned() => RunLoop(
        async () =>
        {
            LoopTask task = Loop.CreateTask(Fetch(), "fetcher");
            await Loop.Yield();
            task.Cancel();
            await Catch(task);

            Logger.Warnings.Select(static entry =>
                entry.Message).Should().ContainSingle(static message => message.Contains("abandon") || message.Contains("runs on by itself"))
                .Which.Should().Contain("'fetcher'").And.Contain("Download").And.Contain("Fetch").And.Contain("Loop.CancellationToken");

            static async Coroutine Fetch() => await Download();
            static async Task<int> Download() => await Never.Task;
        },
        DebugOptions);

    [Fact]
    public void Debug_mode_names_a_wait_that_refuses_to_end_a_second_after_its_cancellation() => RunLoop(
        async () =>
        {
            var source = new TaskCompletionSource();
            LoopTask task = Loop.CreateTask(Refuse(), "refuser");
            await Loop.Yield();
            task.Cancel();
            await Loop.Sleep(Seconds(0.9));
            Logger.Warnings.Should().BeEmpty();
            await Loop.Sleep(Seconds(0.2));

            Logger.Warnings.Should().ContainSingle().Which.Message.Should().Contain("'refuser'").And.Contain("ValueTask").And.Contain("OnLoop()");
            source.SetResult();
            await Catch(task);

            async Coroutine Refuse() => await new ValueTask(source.Task);
        },
        DebugOptions);

    [Fact]
    public void Debug_mode_says_nothing_of_a_wait_that_ends_in_time() => RunLoop(
        async () =>
        {
            LoopTask task = Loop.CreateTask(async () => await Task.Delay(System.Threading.Timeout.InfiniteTimeSpan, Loop.CancellationToken));
            await Loop.Yield();
            task.Cancel();
            await Catch(task);
            await Loop.Sleep(Seconds(20));

            Logger.Warnings.Should().BeEmpty();
        },
        DebugOptions);

    [Fact]
    public void Debug_mode_accuses_no_task_whose_code_was_never_thrown_the_cancellation() => RunLoop(
        async () =>
        {
            var source = new TaskCompletionSource();
            LoopTask task = Loop.CreateTask(async () => await new ValueTask(source.Task), "innocent");
            await Loop.Yield();
            task.Cancel();
            source.SetResult();
            await task;

            Logger.Warnings.Should().BeEmpty();
        },
        DebugOptions);

    [Fact]
    public void Debug_mode_accuses_the_child_that_swallowed_and_not_the_parent_that_awaits_it() => RunLoop(
        async () =>
        {
            LoopTask child = Loop.CreateTask(async () => await Catch(Forever()), "child");
            LoopTask parent = Loop.CreateTask(async () => await child, "parent");
            await Yields(2);
            parent.Cancel();
            await parent;

            Logger.Warnings.Should().ContainSingle().Which.Message.Should().Contain("'child'").And.NotContain("'parent'");
        },
        DebugOptions);

    [Fact]
    public void Debug_mode_accuses_the_parent_that_swallowed_what_its_child_ended_with() => RunLoop(
        async () =>
        {
            LoopTask child = Loop.CreateTask(Forever(), "child");
            LoopTask parent = Loop.CreateTask(async () => await Catch(child), "parent");
            await Yields(2);
            parent.Cancel();
            await parent;

            Logger.Warnings.Should().ContainSingle().Which.Message.Should().Contain("'parent'").And.NotContain("'child'");
        },
        DebugOptions);

    [Fact]
    public void What_was_abandoned_is_no_late_continuation_when_it_ends_after_the_loop_was_closed()
    {
        var source = new TaskCompletionSource();
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(async () => await source.Task);
            LoopTask configured = Loop.CreateTask(async () => await source.Task.ConfigureAwait(false));
            await Loop.Yield();
            task.Cancel();
            configured.Cancel();
            await Catch(task);
            await Catch(configured);
        });
        source.SetResult();

        Logger.Warnings.Should().BeEmpty();
    }

    [Fact]
    public void An_abandoned_wait_touches_nobody_when_its_task_ends() => RunLoop(async () =>
    {
        for (int round = 0; round < 50; round++)
        {
            var source = new TaskCompletionSource<int>();
            LoopTask<int> first = Loop.CreateTask(async () => await source.Task);
            LoopTask<int> other = Loop.CreateTask(async () => await source.Task.ConfigureAwait(false));
            await Loop.Yield();
            first.Cancel();
            other.Cancel();
            await Catch(first);
            await Catch(other);
            var fresh = new TaskCompletionSource<int>();
            LoopTask<int> next = Loop.CreateTask(async () => await fresh.Task);
            await Loop.Yield();
            source.SetResult(-1);
            await Yields(3);
            next.IsCompleted.Should().BeFalse();
            fresh.SetResult(round);
            (await next).Should().Be(round);
        }
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Waits_that_were_given_up_do_not_pile_up_at_a_task_that_lives_long(bool configured) => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        for (int i = 0; i < 500; i++)
        {
            (await CancelScope.MoveOnAfter(Seconds(1), async Coroutine (_) => await Loop.Gather(Wait(), Wait(), Wait()))).Should().BeFalse();
        }

        Continuations(source.Task).Should().BeLessThan(10);
        LoopTask<int>[] last = [.. Enumerable.Range(0, 10).Select(_ => Loop.CreateTask(Wait()))];
        await Yields(2);
        source.SetResult(3);
        (await Loop.Gather(last)).Should().AllBeEquivalentTo(3);

        async Coroutine<int> Wait() => configured ? await source.Task.ConfigureAwait(false) : await source.Task;

        static int Continuations(Task task) =>
            typeof(Task).GetField("m_continuationObject",
                System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(task) is List<object?> list ? list.Count : 1;
    });

    [Fact]
    public void A_task_that_ends_while_a_wait_for_it_that_was_given_up_is_taken_up_again_is_not_missed() => RunLoop(async () =>
    {
        for (int i = 0; i < 200; i++)
        {
            var source = new TaskCompletionSource<int>();
            LoopTask<int> first = Loop.CreateTask(async () => await source.Task.ConfigureAwait(false));
            await Loop.Yield();
            first.Cancel();
            await Catch(first);
            using var ready = new Barrier(2);
            Task completion = Task.Run(() =>
            {
                ready.SignalAndWait();
                source.SetResult(i);
            });
            ready.SignalAndWait();
            (await Loop.CreateTask(async () => await source.Task.ConfigureAwait(false))).Should().Be(i);
            await completion;
        }
    });

    [Fact]
    public void A_timeout_ends_a_wait_in_a_flow_whose_task_has_ended() => RunLoop(async () =>
    {
        Task? left = null;
        await Loop.CreateTask(async Coroutine () => left = Work());
        (await Catch(Wait(left!))).Should().BeOfType<TimeoutException>();

        static async Task Work() => await Loop.Timeout(Seconds(1), Forever);

        static async Coroutine Wait(Task task) => await task;
    });

    [Fact]
    public void A_timeout_ends_a_foreign_wait_in_a_flow_whose_task_has_ended() => RunLoop(async () =>
    {
        Task? left = null;
        await Loop.CreateTask(async Coroutine () => left = Work());
        (await Catch(Wait(left!))).Should().BeOfType<TimeoutException>();

        static async Task Work() => await Loop.Timeout(Seconds(1), async Coroutine () => await new TaskCompletionSource().Task);

        static async Coroutine Wait(Task task) => await task;
    });

    [Fact]
    public void The_failure_of_a_child_interrupts_a_group_in_a_flow_whose_task_has_ended() => RunLoop(async () =>
    {
        Task? left = null;
        await Loop.CreateTask(async Coroutine () => left = Work());
        (await Catch(Wait(left!))).Should().BeOfType<AggregateException>();

        static async Task Work() => await TaskGroup.Run(async group =>
        {
            group.StartSoon(ThrowAfter(5, new InvalidDataException()));
            await Forever();
        });

        static async Coroutine Wait(Task task) => await task;
    });
}
