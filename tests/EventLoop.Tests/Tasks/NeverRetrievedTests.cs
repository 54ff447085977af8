using System.Runtime.CompilerServices;

namespace EventLoop.Tests.Tasks;

[UnderSeeds(50)]
public sealed class NeverRetrievedTests : LoopTest
{
    private readonly InvalidDataException _failure = new("nobody looked");

    /// <summary>A task that another test's garbage collection took just before its loop closed is reported by the finalizer thread.</summary>
    private new IReadOnlyList<LoopExceptionContext> Reported
    {
        get
        {
            GC.WaitForPendingFinalizers();
            return base.Reported;
        }
    }

    [Fact]
    public void A_failure_that_nobody_retrieves_is_reported_when_the_loop_closes()
    {
        LoopTask? task = null;
        RunLoop(async () =>
        {
            task = Loop.CreateTask(ThrowAfter(0, _failure), "careless");
            await Yields(3);
        });

        LoopExceptionContext context = Reported.Should().ContainSingle().Which;
        context.Exception.Should().BeSameAs(_failure);
        context.Awaitable.Should().BeSameAs(task);
        context.Message.Should().ContainEquivalentOf("never retrieved");
    }

    [Fact]
    public void A_failure_of_a_future_that_nobody_retrieves_is_reported()
    {
        RunLoop(async () =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            future.SetException(_failure);
            await Loop.Yield();
        });

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(_failure);
    }

    [Fact]
    public void With_no_handler_a_failure_that_nobody_retrieves_is_logged()
    {
        RunLoop(async () =>
        {
            Loop.Current.ExceptionHandler = null;
            _ = Loop.CreateTask(ThrowAfter(0, _failure));
            await Yields(3);
        });

        Logger.Warnings.Should().ContainSingle(entry => entry.Exception == _failure);
    }

    [Fact]
    public void An_awaited_failure_is_retrieved()
    {
        RunLoop(async () => await Catch(Failing()));

        Reported.Should().BeEmpty();
    }

    [Fact]
    public void Reading_Exception_retrieves()
    {
        RunLoop(async () =>
        {
            LoopTask task = Failing();
            await Yields(2);
            task.Exception.Should().BeSameAs(_failure);
        });

        Reported.Should().BeEmpty();
    }

    [Fact]
    public void Reading_Result_retrieves()
    {
        RunLoop(async () =>
        {
            LoopTask<int> task = Loop.CreateTask(ThrowAfter<int>(0, _failure));
            await Yields(2);
            Record.Exception(() => task.Result).Should().BeSameAs(_failure);
        });

        Reported.Should().BeEmpty();
    }

    [Fact]
    public void An_outcome_retrieves()
    {
        RunLoop(async () => await Loop.GatherOutcomes((LoopAwaitable)Failing()));

        Reported.Should().BeEmpty();
    }

    [Fact]
    public void A_later_failure_under_a_Gather_is_retrieved()
    {
        RunLoop(async () =>
        {
            await Catch(Loop.Gather(ThrowAfter<int>(1, new InvalidTimeZoneException()), ThrowAfter<int>(5, _failure)));
            await Yields(10);
        });

        Reported.Should().BeEmpty();
    }

    [Fact]
    public void Wait_does_not_retrieve()
    {
        RunLoop(async () => await Loop.Wait([Failing()]));

        Reported.Should().ContainSingle();
    }

    [Fact]
    public void IsFaulted_does_not_retrieve()
    {
        RunLoop(async () =>
        {
            LoopTask task = Failing();
            await Yields(2);
            task.IsFaulted.Should().BeTrue();
        });

        Reported.Should().ContainSingle();
    }

    [Fact]
    public void A_done_callback_does_not_retrieve()
    {
        RunLoop(async () =>
        {
            LoopTask task = Failing();
            task.AddDoneCallback(_ => Log.Add("done"));
            await Yields(5);
        });

        Log.Should().Equal("done");
        Reported.Should().ContainSingle();
    }

    [Fact]
    public void Cancel_after_the_failure_does_not_silence_it()
    {
        RunLoop(async () =>
        {
            LoopTask task = Failing();
            await Yields(2);
            task.Cancel().Should().BeFalse();
        });

        Reported.Should().ContainSingle();
    }

    [Fact]
    public void A_cancellation_that_nobody_awaits_is_not_reported()
    {
        RunLoop(async () =>
        {
            LoopTask task = Loop.CreateTask(Forever());
            task.Cancel();
            await Yields(3);
        });

        Reported.Should().BeEmpty();
    }

    [Fact]
    public void A_failure_is_reported_once()
    {
        RunLoop(async () =>
        {
            LoopTask task = Failing();
            task.AddDoneCallback(static _ => { });
            await Loop.Wait([task]);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Yields(5);
        });

        Reported.Should().ContainSingle();
    }

    [Fact]
    public void The_handler_runs_in_the_context_of_the_task_that_failed()
    {
        RunLoop(async () =>
        {
            var local = new AsyncLocal<string>();
            Loop.Current.ExceptionHandler = (_, _) => Log.Add(local.Value ?? "nothing");
            local.Value = "request 7";
            Loop.StartSoon(ThrowAfter(1, _failure));
            local.Value = "main";
            await Yields(5);
        });

        Log.Should().Equal("request 7");
    }

    private LoopTask Failing() => Loop.CreateTask(ThrowAfter(0, _failure), "failing");
}

/// <summary>These depend on the garbage collector, whose finalizers other tests would disturb.</summary>
[Collection(ProcessWide.Name)]
public sealed class CollectedTaskTests : LoopTest
{
    [Fact]
    public void A_failure_that_nobody_retrieves_is_reported_when_its_task_is_collected() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        await StartAndForget(failure);
        for (int i = 0; i < 50 && Reported.Count == 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Loop.Sleep(1);
        }

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static async Coroutine StartAndForget(Exception failure)
        {
            _ = Loop.CreateTask(ThrowAfter(0, failure));
            await Yields(5);
        }
    });

    [Fact]
    public void A_failure_collected_while_its_loop_closes_is_reported_once()
    {
        const int Runs = 300;
        for (int i = 0; i < Runs; i++)
        {
            int moment = i;
            RunLoop(async () =>
            {
                StartAndForget();
                await Yields(3);

                // The finalizers now run beside the shutdown of the loop, each time a little later in it.
                GC.Collect(0);
                Thread.SpinWait(moment * 100);
            });
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();

        Reported.Should().HaveCount(Runs);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void StartAndForget() => _ = Loop.CreateTask(ThrowAfter(0, new InvalidDataException()));
    }

    [Fact]
    public void The_loop_keeps_every_unfinished_task_alive() => RunLoop(async () =>
    {
        WeakReference<LoopFuture> future = Start();
        await Yields(3);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        future.TryGetTarget(out LoopFuture? alive).Should().BeTrue("a parked task holds what it waits on, and the loop holds the task");
        alive!.SetResult();
        await Yields(3);
        Log.Should().Equal("woken");

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference<LoopFuture> Start()
        {
            LoopFuture future = Loop.Current.CreateFuture();
            Loop.StartSoon(async () =>
            {
                await future;
                Log.Add("woken");
            });
            return new WeakReference<LoopFuture>(future);
        }
    });

    [Fact]
    public void A_finished_task_is_not_kept_alive_by_its_loop() => RunLoop(async () =>
    {
        WeakReference finished = await Finished();
        await Yields(200);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        finished.IsAlive.Should().BeFalse();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static async Coroutine<WeakReference> Finished()
        {
            LoopTask<int> task = Loop.CreateTask(After(1, 1));
            await task;
            return new WeakReference(task);
        }
    });
}
