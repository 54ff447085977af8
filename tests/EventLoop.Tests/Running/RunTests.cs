namespace EventLoop.Tests.Running;

public sealed class RunTests : LoopTest
{
    [Fact]
    public void Run_returns_the_value_of_main() => Loop.Run(() => After(3, 42), Options).Should().Be(42);

    [Fact]
    public void Run_takes_a_coroutine_that_was_made_before_there_was_a_loop()
    {
        Coroutine<string> main = After(1, "made outside");

        Loop.Run(main, Options).Should().Be("made outside");
    }

    [Fact]
    public void Run_runs_a_coroutine_without_a_value()
    {
        Loop.Run(Main(), Options);

        Log.Should().Equal("ran");

        async Coroutine Main()
        {
            await Loop.Yield();
            Log.Add("ran");
        }
    }

    [Fact]
    public void Run_runs_an_async_lambda_as_a_coroutine()
    {
        Loop.Run(async () =>
        {
            await Loop.Yield();
            Log.Add("ran");
        }, Options);

        Log.Should().Equal("ran");
    }

    [Fact]
    public void Run_runs_an_async_Task_method()
    {
        Loop.Run(Main, Options);

        Log.Should().Equal("ran");

        async Task Main()
        {
            await Loop.Yield();
            Log.Add("ran");
        }
    }

    [Fact]
    public void Run_returns_the_value_of_an_async_Task_method()
    {
        Loop.Run(Main, Options).Should().Be(7);

        static async Task<int> Main()
        {
            await Loop.Yield();
            return 7;
        }
    }

    [Fact]
    public void Run_rethrows_the_very_exception_of_main()
    {
        var failure = new InvalidDataException("boom");

        Assert.Throws<InvalidDataException>(() => RunLoop(() => ThrowAfter(2, failure))).Should().BeSameAs(failure);
    }

    [Fact]
    public void Run_rethrows_with_the_stack_of_the_throw()
    {
        Exception thrown = Assert.Throws<InvalidDataException>(() => RunLoop(() => ThrowAfter(2, new InvalidDataException())));

        thrown.StackTrace.Should().Contain(nameof(ThrowAfter));
    }

    [Fact]
    public void Run_rethrows_the_exception_of_an_async_Task_main_bare()
    {
        var failure = new InvalidDataException("boom");

        Assert.Throws<InvalidDataException>(() => RunLoopWithTask(async () =>
        {
            await Loop.Yield();
            throw failure;
        })).Should().BeSameAs(failure);
    }

    [Fact]
    public void Run_throws_LoopCanceledException_when_main_was_cancelled()
    {
        var thrown = Assert.ThrowsAny<LoopCanceledException>(() => RunLoop(async () =>
        {
            Loop.CurrentTask!.Cancel("enough");
            await Loop.Yield();
        }));

        thrown.Reason.Should().Be("enough");
    }

    [Fact]
    public void Run_runs_main_on_the_calling_thread()
    {
        int caller = Environment.CurrentManagedThreadId;

        RunLoop(() => After(2, 0)).Should().Be(0);
        RunLoop(async () =>
        {
            await Loop.Yield();
            return Environment.CurrentManagedThreadId;
        }).Should().Be(caller);
    }

    [Fact]
    public void Run_inside_a_running_loop_throws_and_says_what_to_do_instead()
    {
        RunLoop(async () =>
        {
            var thrown = Assert.Throws<InvalidOperationException>(() => Loop.Run(() => After(0, 1)));

            thrown.Message.Should().ContainAny("await", "CreateTask", "Submit");
        });
    }

    [Fact]
    public void Run_inside_a_running_loop_leaves_that_loop_running()
    {
        RunLoop(async () =>
        {
            Loop outer = Loop.Current;
            Assert.Throws<InvalidOperationException>(() => Loop.Run(() => After(0, 1)));

            await Loop.Yield();

            Loop.Current.Should().BeSameAs(outer);
        });
    }

    [Fact]
    public void Run_inside_a_plain_callback_throws()
    {
        RunLoop(async () =>
        {
            LoopFuture<Exception?> nested = Loop.Current.CreateFuture<Exception?>();
            Loop.Current.CallSoon(() => nested.SetResult(Record.Exception(() => Loop.Run(() => After(0, 1)))));

            (await nested).Should().BeOfType<InvalidOperationException>();
        });
    }

    [Fact]
    public void Run_restores_the_synchronization_context_of_the_caller()
    {
        OnThread(() =>
        {
            var before = new SynchronizationContext();
            SynchronizationContext.SetSynchronizationContext(before);

            RunLoop(() => Yields(2));

            SynchronizationContext.Current.Should().BeSameAs(before);
        });
    }

    [Fact]
    public void Run_restores_the_synchronization_context_when_main_fails()
    {
        OnThread(() =>
        {
            Assert.Throws<InvalidDataException>(() => RunLoop(() => ThrowAfter(1, new InvalidDataException())));

            SynchronizationContext.Current.Should().BeNull();
        });
    }

    [Fact]
    public void Run_leaves_no_running_loop_behind()
    {
        RunLoop(() => Yields(1));

        Loop.TryGetCurrent(out Loop? loop).Should().BeFalse();
        loop.Should().BeNull();
    }

    [Fact]
    public void Run_leaves_no_running_loop_behind_when_main_fails()
    {
        Assert.Throws<InvalidDataException>(() => RunLoop(() => ThrowAfter(1, new InvalidDataException())));

        Loop.TryGetCurrent(out _).Should().BeFalse();
    }

    [Fact]
    public void Run_closes_its_loop()
    {
        Loop loop = RunLoop(async () => Loop.Current);

        loop.IsClosed.Should().BeTrue();
        loop.IsRunning.Should().BeFalse();
    }

    [Fact]
    public void Run_can_be_called_again_after_it_has_returned()
    {
        Loop first = RunLoop(async () => Loop.Current);
        Loop second = RunLoop(async () => Loop.Current);

        second.Should().NotBeSameAs(first);
    }

    [Fact]
    public void Loops_run_on_several_threads_at_the_same_time()
    {
        RunLoop(async () =>
        {
            Loop mine = Loop.Current;
            Loop other = OnThread(() => RunLoop(async () =>
            {
                await Loop.Yield();
                return Loop.Current;
            }));

            other.Should().NotBeSameAs(mine);
            Loop.Current.Should().BeSameAs(mine);
        });
    }

    [Fact]
    public void Run_does_not_leak_the_AsyncLocals_of_main_to_its_caller()
    {
        var local = new AsyncLocal<string> { Value = "outside" };

        RunLoop(async () =>
        {
            local.Value = "inside";
            await Loop.Yield();
        });

        local.Value.Should().Be("outside");
    }

    [Fact]
    public void Main_sees_the_AsyncLocals_of_the_caller_of_Run()
    {
        var local = new AsyncLocal<string> { Value = "outside" };

        RunLoop(async () =>
        {
            await Loop.Yield();
            return local.Value;
        }).Should().Be("outside");
    }

    [Fact]
    public void The_name_of_the_options_is_the_name_of_the_loop() =>
        RunLoop(async () => Loop.Current.Name, Options with { Name = "kitchen" }).Should().Be("kitchen");

    [Fact]
    public void TaskScheduler_Current_stays_the_default_one_on_the_loop_thread() => RunLoop(async () =>
    {
        await Loop.Yield();
        TaskScheduler.Current.Should().BeSameAs(TaskScheduler.Default);
    });

    [Theory]
    [InlineData(PollerKind.Auto)]
    [InlineData(PollerKind.Portable)]
    public void A_loop_runs_on_the_poller_that_the_options_name(PollerKind poller) => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        await Loop.Sleep(1);
        LoopFuture<int> posted = loop.CreateFuture<int>();
        new Thread(() => loop.Post(() => posted.SetResult(5))).Start();

        (await posted).Should().Be(5);
    }, Options with { Poller = poller });

    [Fact]
    public void Two_loops_work_for_one_another_through_Submit() => RunLoop(async () =>
    {
        var other = new TaskCompletionSource<Loop>(TaskCreationOptions.RunContinuationsAsynchronously);
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => RunLoop(async () =>
        {
            other.SetResult(Loop.Current);
            await stop.Task;
        }));
        thread.Start();
        Loop servant = await other.Task;

        int[] results = await Loop.Gather(Enumerable.Range(0, 100).Select(n => servant.Submit(() => After(n % 5, n))));

        results.Should().Equal(Enumerable.Range(0, 100));
        stop.SetResult();
        await Task.Run(thread.Join);
    });
}
