namespace EventLoop.Tests.Callbacks;

[UnderSeeds(50)]
public sealed class CallSoonTests : LoopTest
{
    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void CallSoon_runs_callbacks_in_the_order_of_the_calls()
    {
        RunLoop(async () =>
        {
            for (int i = 0; i < 5; i++)
            {
                int n = i;
                Loop.Current.CallSoon(() => Log.Add($"{n}"));
            }

            await Loop.Yield();
        });

        Log.Should().Equal("0", "1", "2", "3", "4");
    }

    [Fact]
    public void CallSoon_never_runs_the_callback_inline()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallSoon(() => Log.Add("callback"));
            Log.Add("after the call");
            await Loop.Yield();
        });

        Log.Should().Equal("after the call", "callback");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void CallSoon_hands_the_state_to_the_callback()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallSoon(state => Log.Add($"{state.Name} {state.Age}"), (Name: "Ada", Age: 36));
            Loop.Current.CallSoon(static log => log.Add("reference"), Log);
            await Loop.Yield();
        });

        Log.Should().Equal("Ada 36", "reference");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void CallSoon_and_the_tasks_share_one_queue()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallSoon(() => Log.Add("callback 1"));
            Loop.StartSoon(async () => Log.Add("task"));
            Loop.Current.CallSoon(() => Log.Add("callback 2"));
            await Loop.Yield();
            Log.Add("main");
        });

        Log.Should().Equal("callback 1", "task", "callback 2", "main");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_callback_scheduled_by_a_callback_runs_after_all_that_were_ready()
    {
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            loop.CallSoon(() =>
            {
                Log.Add("a");
                loop.CallSoon(() => Log.Add("from a"));
            });
            loop.CallSoon(() => Log.Add("b"));
            await Yields(2);
        });

        Log.Should().Equal("a", "b", "from a");
    }

    [Fact]
    public void A_callback_that_reschedules_itself_for_ever_starves_nobody()
    {
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            loop.CallSoon(Again);
            LoopFuture timer = loop.CreateFuture();
            loop.CallLater(TimeSpan.FromMilliseconds(1), timer.SetResult);

            await timer;

            void Again()
            {
                Clock.Advance(TimeSpan.FromMicroseconds(10));
                loop.CallSoon(Again);
            }
        }, ManualTime);
    }

    [Fact]
    public void A_cancelled_callback_does_not_run()
    {
        RunLoop(async () =>
        {
            Handle handle = Loop.Current.CallSoon(() => Log.Add("must not run"));
            handle.IsCanceled.Should().BeFalse();

            handle.Cancel();

            handle.IsCanceled.Should().BeTrue();
            await Yields(2);
        });

        Log.Should().BeEmpty();
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_callback_can_be_cancelled_by_one_that_runs_before_it_in_the_same_batch()
    {
        RunLoop(async () =>
        {
            Handle? second = null;
            Loop.Current.CallSoon(() => second!.Cancel());
            second = Loop.Current.CallSoon(() => Log.Add("must not run"));
            await Yields(2);
        });

        Log.Should().BeEmpty();
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Cancelling_a_handle_whose_callback_has_run_cancels_nobody_elses()
    {
        RunLoop(async () =>
        {
            Handle old = Loop.Current.CallSoon(() => Log.Add("old"));
            await Loop.Yield();
            for (int i = 0; i < 4; i++)
            {
                Loop.Current.CallSoon(() => Log.Add("new"));
            }

            old.Cancel();
            await Loop.Yield();
        });

        Log.Should().Equal("old", "new", "new", "new", "new");
    }

    [Fact]
    public void Cancelling_a_handle_twice_does_nothing() => RunLoop(async () =>
    {
        Handle handle = Loop.Current.CallSoon(static () => { });
        handle.Cancel();

        Record.Exception(handle.Cancel).Should().BeNull();
    });

    [Fact]
    public void CallSoon_on_another_thread_throws_and_points_to_Post() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;

        OnThread(() => Record.Exception(() => { loop.CallSoon(() => { }); })).Should().BeOfType<InvalidOperationException>()
            .Which.Message.Should().Contain("Post");
    });

    [Fact]
    public void CallLater_and_CallAt_on_another_thread_throw_and_point_to_Post() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;

        OnThread(() => Record.Exception(() => { loop.CallLater(Seconds(1), () => { }); })).Should().BeOfType<InvalidOperationException>()
            .Which.Message.Should().Contain("Post");
        OnThread(() => Record.Exception(() => { loop.CallAt(Seconds(1), () => { }); })).Should().BeOfType<InvalidOperationException>()
            .Which.Message.Should().Contain("Post");
    });

    [Fact]
    public void A_callback_sees_the_AsyncLocals_of_the_moment_it_was_scheduled()
    {
        RunLoop(async () =>
        {
            var local = new AsyncLocal<string> { Value = "scheduled" };
            Loop.Current.CallSoon(() => Log.Add(local.Value!));
            local.Value = "later";
            await Loop.Yield();
        });

        Log.Should().Equal("scheduled");
    }

    [Fact]
    public void AsyncLocals_written_by_a_callback_leak_neither_to_the_next_callback_nor_to_a_task()
    {
        RunLoop(async () =>
        {
            var local = new AsyncLocal<string> { Value = "main" };
            Loop.Current.CallSoon(() => local.Value = "callback");
            Loop.Current.CallSoon(() => Log.Add(local.Value!));
            await Loop.Yield();
            Log.Add(local.Value!);
        });

        Log.Should().Equal("main", "main");
    }

    [Fact]
    public void A_callback_scheduled_with_suppressed_flow_sees_no_AsyncLocals()
    {
        RunLoop(async () =>
        {
            var local = new AsyncLocal<string> { Value = "main" };
            using (ExecutionContext.SuppressFlow())
            {
                Loop.Current.CallSoon(() => Log.Add(local.Value ?? "nothing"));
            }

            await Loop.Yield();
        });

        Log.Should().Equal("nothing");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_synchronization_context_set_by_a_callback_is_gone_after_it()
    {
        RunLoop(async () =>
        {
            var intruder = new SynchronizationContext();
            Loop.Current.CallSoon(() => SynchronizationContext.SetSynchronizationContext(intruder));
            Loop.Current.CallSoon(() => Log.Add(ReferenceEquals(SynchronizationContext.Current, intruder) ? "leaked" : "restored"));
            SynchronizationContext? mine = SynchronizationContext.Current;
            await Loop.Yield();
            Log.Add(ReferenceEquals(SynchronizationContext.Current, mine) ? "mine" : "foreign");
        });

        Log.Should().Equal("restored", "mine");
    }
}
