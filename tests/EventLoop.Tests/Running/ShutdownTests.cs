using Microsoft.Extensions.Logging;

namespace EventLoop.Tests.Running;

public sealed class ShutdownTests : LoopTest
{
    [Fact]
    public void Run_cancels_the_tasks_that_are_left_and_awaits_their_cleanup()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    Log.Add("cleanup begins");
                    await Yields(5);
                    Log.Add("cleanup ends");
                }
            });
            await Loop.Yield();
            Log.Add("main ends");
        });

        Log.Should().Equal("main ends", "cleanup begins", "cleanup ends");
    }

    [Fact]
    public void Run_cancels_the_tasks_that_are_left_in_creation_order()
    {
        RunLoop(async () =>
        {
            for (int i = 1; i <= 5; i++)
            {
                Loop.StartSoon(Leftover($"{i}"));
            }

            await Loop.Yield();
        });

        Log.Should().Equal("1", "2", "3", "4", "5");

        async Coroutine Leftover(string name)
        {
            try
            {
                await Forever();
            }
            finally
            {
                Log.Add(name);
            }
        }
    }

    [Fact]
    public void What_a_callback_of_a_token_throws_at_shutdown_is_reported()
    {
        var failure = new InvalidDataException();
        RunLoop(async () =>
        {
            Loop.StartSoon(async () =>
            {
                Loop.CancellationToken.Register(() => throw failure);
                await Forever();
            });
            await Loop.Yield();
        });

        SpinWait.SpinUntil(() => Reported.Count > 0, TimeSpan.FromSeconds(10)).Should().BeTrue("it may come to the handler after the end of the loop");
        Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().Equal(failure);
    }

    [Fact]
    public void A_task_that_never_started_runs_to_its_first_suspension_at_shutdown()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(async () =>
            {
                Log.Add("started");
                try
                {
                    await Forever();
                }
                finally
                {
                    Log.Add("cleaned up");
                }
            });
        });

        Log.Should().Equal("started", "cleaned up");
    }

    [Fact]
    public void Run_returns_the_value_of_main_although_tasks_are_left() => RunLoop(async () =>
    {
        Loop.StartSoon(Forever());
        return 5;
    }).Should().Be(5);

    [Fact]
    public void A_failure_in_the_cleanup_of_a_task_that_was_left_is_reported()
    {
        var failure = new InvalidDataException("cleanup");
        RunLoop(async () =>
        {
            Loop.StartSoon(async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    Log.Add("cleanup");
                    ThrowNow(failure);
                }
            });
            await Loop.Yield();
        });

        Log.Should().Equal("cleanup");
        Reported.Should().ContainSingle(context => context.Exception == failure);
    }

    [Fact]
    public void The_tasks_that_are_left_are_awaited_also_when_main_fails()
    {
        Assert.Throws<InvalidDataException>(() => RunLoop(async () =>
        {
            Loop.StartSoon(async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    await Loop.Yield();
                    Log.Add("cleaned up");
                }
            });
            await Loop.Yield();
            throw new InvalidDataException();
        }));

        Log.Should().Equal("cleaned up");
    }

    [Fact]
    public void A_task_started_by_a_cleanup_is_cancelled_or_run_but_not_forgotten()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    Loop.StartSoon(async () =>
                    {
                        try
                        {
                            await Forever();
                        }
                        finally
                        {
                            Log.Add("late task cleaned up");
                        }
                    });
                }
            });
            await Loop.Yield();
        });

        Log.Should().Equal("late task cleaned up");
    }

    [Fact]
    public void A_task_that_ignores_its_cancellation_does_not_keep_Run_from_returning_the_outcome_of_main()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(Stubborn(), "stubborn");
            await Loop.Yield();
            return 17;
        }, Impatient).Should().Be(17);
    }

    [Fact]
    public void A_task_abandoned_at_shutdown_is_named_in_the_log()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(Stubborn(), "stubborn");
            await Loop.Yield();
        }, Impatient);

        Logger.Warnings.Should().Contain(static entry => entry.Message.Contains("stubborn"));
    }

    [Fact]
    public void A_task_abandoned_at_shutdown_is_named_to_the_exception_handler()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(Stubborn(), "stubborn");
            await Loop.Yield();
        }, Impatient);

        Reported.Should().Contain(static context => context.Message.Contains("stubborn") || (context.Awaitable as LoopTask)!.Name == "stubborn");
    }

    [Fact]
    public void A_failed_main_still_fails_Run_when_a_task_was_abandoned()
    {
        Assert.Throws<InvalidDataException>(() => RunLoop(async () =>
        {
            Loop.StartSoon(Stubborn(), "stubborn");
            await Loop.Yield();
            throw new InvalidDataException();
        }, Impatient));
    }

    [Fact]
    public void An_abandoned_async_Task_method_goes_on_on_the_thread_pool()
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var resumed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        RunLoop(async () =>
        {
            Loop.StartSoon(Abandoned, "abandoned");
            await Loop.Yield();
        }, Impatient);

        source.SetResult();

        resumed.Task.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
        resumed.Task.Result.Should().BeTrue();

        async Task Abandoned()
        {
            await source.Task;
            resumed.SetResult(Thread.CurrentThread.IsThreadPoolThread);
        }
    }

    [Fact]
    public void An_abandoned_coroutine_is_dropped()
    {
        var source = new TaskCompletionSource();      // its continuations run, or are dropped, inside SetResult
        RunLoop(async () =>
        {
            Loop.StartSoon(Abandoned(), "abandoned");
            await Loop.Yield();
        }, Impatient);

        source.SetResult();

        Log.Should().BeEmpty();

        async Coroutine Abandoned()
        {
            await source.Task;
            Log.Add("must not run without its loop");
        }
    }

    [Fact]
    public void The_executor_is_drained_after_the_tasks_were_awaited()
    {
        using var gate = new ManualResetEventSlim();
        using var served = new ManualResetEventSlim();
        bool worked = false;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            LoopFuture begun = loop.CreateFuture();
            Loop.StartSoon(async () =>
            {
                try
                {
                    await Loop.ToThread(() =>
                    {
                        loop.Post(begun.SetResult);
                        gate.Wait(TimeSpan.FromSeconds(10));
                        loop.Post(served.Set);      // while Run waits, its loop turns
                        Volatile.Write(ref worked, served.Wait(TimeSpan.FromSeconds(10)));
                    });
                }
                finally
                {
                    gate.Set();
                }
            });
            await begun;
        });

        Volatile.Read(ref worked).Should().BeTrue("Run waits for work that an executor has begun");
    }

    [Fact]
    public void Work_that_never_ends_in_the_executor_does_not_keep_Run_from_returning()
    {
        using var gate = new ManualResetEventSlim();
        using var ended = new ManualResetEventSlim();
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            LoopFuture begun = loop.CreateFuture();
            Loop.StartSoon(async () => await Loop.ToThread(() =>
            {
                loop.Post(begun.SetResult);
                gate.Wait(TimeSpan.FromSeconds(10));
                ended.Set();
            }));
            await begun;
            return 5;
        }, Impatient).Should().Be(5);

        ended.IsSet.Should().BeFalse();
        gate.Set();
        ended.Wait(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void LoopExitException_leaves_Run_at_once()
    {
        var thrown = Assert.Throws<LoopExitException>(() => RunLoop(async () =>
        {
            Loop.StartSoon(async () =>
            {
                await Loop.Yield();
                throw new LoopExitException(3);
            });
            await Forever();
        }));

        thrown.ExitCode.Should().Be(3);
    }

    [Fact]
    public void LoopExitException_from_main_leaves_Run() =>
        Assert.Throws<LoopExitException>(() => RunLoop(async () => throw new LoopExitException(4))).ExitCode.Should().Be(4);

    [Fact]
    public void LoopExitException_from_a_callback_leaves_Run() => Assert.Throws<LoopExitException>(() => RunLoop(async () =>
    {
        Loop.Current.CallSoon(() => throw new LoopExitException(5));
        await Forever();
    })).ExitCode.Should().Be(5);

    [Fact]
    public void LoopExitException_is_not_collected_by_Gather() => Assert.Throws<LoopExitException>(() => RunLoop(async () =>
    {
        try
        {
            await Loop.GatherOutcomes(ThrowAfter<int>(1, new LoopExitException(6)), After(50, 1));
            Log.Add("collected");
        }
        finally
        {
            Log.Add("left");
        }
    })).ExitCode.Should().Be(6);

    [Fact]
    public void LoopExitException_still_lets_the_tasks_that_are_left_clean_up()
    {
        Assert.Throws<LoopExitException>(() => RunLoop(async () =>
        {
            Loop.StartSoon(async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    Log.Add("cleaned up");
                }
            });
            await Loop.Yield();
            throw new LoopExitException();
        }));

        Log.Should().Equal("cleaned up");
    }

    private LoopOptions Impatient => Options with { ShutdownTimeout = TimeSpan.FromMilliseconds(5) };

    private static void ThrowNow(Exception exception) => throw exception;

    private static async Coroutine Stubborn()
    {
        while (true)
        {
            try
            {
                await Forever();
            }
            catch (OperationCanceledException)
            {
                // Ignores it, which is what the test is about.
            }
        }
    }

    [Fact]
    public void Callbacks_that_main_left_ready_run_on_the_loop_before_it_closes()
    {
        int thread = Environment.CurrentManagedThreadId;
        RunLoop(async () =>
        {
            Loop.Current.CallSoon(() => Log.Add($"soon {Loop.Current.IsRunning} {Environment.CurrentManagedThreadId == thread}"));
            Loop.CurrentTask!.AddDoneCallback(_ => Log.Add($"done {Loop.Current.IsRunning} {Environment.CurrentManagedThreadId == thread}"));
            await Coroutine.Completed;
        });

        Log.Should().Equal("soon True True", "done True True");
    }

    [Fact]
    public void A_callback_that_schedules_itself_for_ever_does_not_keep_Run_from_returning()
    {
        int calls = 0;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            loop.CallSoon(Again);
            await Loop.Yield();

            void Again()
            {
                calls++;
                if (!loop.IsClosed)
                {
                    loop.CallSoon(Again);
                }
            }
        });

        calls.Should().BePositive();
    }

    [Fact]
    public void An_exit_in_the_cleanup_of_one_task_leaves_Run_after_the_cleanup_of_the_others()
    {
        Assert.Throws<LoopExitException>(() => RunLoop(TwoCleanups(static () => throw new LoopExitException(3)))).ExitCode.Should().Be(3);

        Log.Should().Equal("first", "second");
    }

    [Fact]
    public void The_exit_of_main_wins_over_an_exit_in_cleanup()
    {
        Func<Coroutine> leave = TwoCleanups(static () => throw new LoopExitException(3));

        Assert.Throws<LoopExitException>(() => RunLoop(async () =>
        {
            await leave();
            throw new LoopExitException(1);
        })).ExitCode.Should().Be(1);

        Log.Should().Equal("first", "second");
    }

    [Fact]
    public void A_Stop_during_the_shutdown_does_not_cut_short_the_cleanup_of_others()
    {
        RunLoop(TwoCleanups(static () => Loop.Current.Stop()));

        Log.Should().Equal("first", "second");
        Reported.Should().BeEmpty();
    }

    private Func<Coroutine> TwoCleanups(Action disturb) => async () =>
    {
        Loop.StartSoon(async () =>
        {
            try
            {
                await Forever();
            }
            finally
            {
                Log.Add("first");
                disturb();
            }
        });
        Loop.StartSoon(async () =>
        {
            try
            {
                await Forever();
            }
            finally
            {
                await Yields(10);
                Log.Add("second");
            }
        });
        await Loop.Yield();
    };
}
