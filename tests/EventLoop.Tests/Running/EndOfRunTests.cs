using System.Diagnostics;
using EventLoop.Net;

namespace EventLoop.Tests.Running;

/// <summary>Other threads while a run ends: nobody waits for a loop that does not turn any more, and nobody keeps it from its end.</summary>
[RealTime("other threads take part")]
public sealed class EndOfRunTests : LoopTest
{
    private LoopOptions Patient => Options with { ShutdownTimeout = TimeSpan.FromSeconds(60) };

    [Fact]
    public void Work_in_the_default_executor_that_waits_for_a_post_is_served_while_the_run_ends()
    {
        using var ended = new ManualResetEventSlim();
        bool served = false;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            loop.CallSoon(() => Log.Add("main is about to end"));
            await Begin(() =>
            {
                ended.Wait(TimeSpan.FromSeconds(10));
                using var answer = new ManualResetEventSlim();
                loop.Post(answer.Set);
                served = answer.Wait(TimeSpan.FromSeconds(10));
            });
            Loop.CurrentTask!.AddDoneCallback(_ => ended.Set());
        }, Patient);

        served.Should().BeTrue();
    }

    [Fact]
    public void Work_in_the_default_executor_that_waits_for_a_future_of_the_loop_is_served_while_the_run_ends()
    {
        int seen = 0;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            LoopFuture<int> future = loop.CreateFuture<int>();
            Task<int> outside = future.AsTask();
            await Begin(() =>
            {
                loop.Post(() => loop.CallLater(TimeSpan.FromMilliseconds(20), () => future.SetResult(5)));
                seen = outside.Result;
            });
        }, Patient);

        seen.Should().Be(5);
    }

    [Fact]
    public void A_task_that_the_last_work_of_the_executor_starts_is_cancelled_and_awaited()
    {
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            var gate = new ManualResetEventSlim();
            Loop.CurrentTask!.AddDoneCallback(_ => gate.Set());
            await Begin(() =>
            {
                gate.Wait(TimeSpan.FromSeconds(10));
                loop.Post(() => Loop.StartSoon(async () =>
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
                }));
            });
        }, Patient);

        Log.Should().Equal("cleaned up");
        Reported.Should().BeEmpty();
    }

    [Fact]
    public void A_task_that_the_last_work_of_the_executor_starts_is_cancelled_also_where_one_that_was_abandoned_has_ended_since()
    {
        using var abandoned = new ManualResetEventSlim();
        using var ended = new ManualResetEventSlim();
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            loop.ExceptionHandler = (_, _) => abandoned.Set();
            var free = new AsyncEvent();
            Loop.StartSoon(async () =>
            {
                while (!free.IsSet)
                {
                    await Catch(free.WaitAsync());
                }

                ended.Set();
            });
            await Begin(() =>
            {
                abandoned.Wait(TimeSpan.FromSeconds(10));
                loop.Post(() => Loop.StartSoon(async () =>
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
                }));
                loop.Post(free.Set);
                ended.Wait(TimeSpan.FromSeconds(10));
            });
        }, Options with { ShutdownTimeout = TimeSpan.FromSeconds(1) });

        Log.Should().Equal("cleaned up");
    }

    [Fact]
    public void Submit_from_the_executor_is_refused_at_once_when_main_is_done()
    {
        Exception? refusal = null;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            var gate = new ManualResetEventSlim();
            await Begin(() =>
            {
                gate.Wait(TimeSpan.FromSeconds(10));
                refusal = Record.Exception(() => loop.Submit(() => After(1, 1)).GetAwaiter().GetResult());
            });
            Loop.StartSoon(async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    gate.Set();      // the end has begun
                }
            });
            await Loop.Yield();
        }, Patient);

        refusal.Should().BeOfType<ObjectDisposedException>().Which.Message.Should().Contain("ending");
    }

    [Fact]
    public void What_was_submitted_and_not_begun_when_main_is_done_fails_and_never_runs()
    {
        Task submitted = null!;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            submitted = OnThread(() => loop.Submit(async () => Log.Add("must not run")));
        }, Patient);

        Record.Exception(() => submitted.Wait(TimeSpan.FromSeconds(10))).Should().NotBeNull();
        Assert.IsType<ObjectDisposedException>(submitted.Exception!.InnerException);
        Log.Should().BeEmpty();
    }

    [Fact]
    public void Threads_that_submit_for_ever_do_not_keep_a_run_from_its_end()
    {
        Loop? running = null;
        using var started = new ManualResetEventSlim();
        int submitted = 0;
        var producer = new Thread(() =>
        {
            started.Wait(TimeSpan.FromSeconds(10));
            try
            {
                while (true)
                {
                    running!.Submit(async () =>
                    {
                        Interlocked.Increment(ref submitted);
                        try
                        {
                            await Forever();
                        }
                        finally
                        {
                            await Loop.Sleep(5);
                        }
                    });
                    Thread.Yield();
                }
            }
            catch (ObjectDisposedException)
            {
                Log.Add("refused");
            }
        }) { IsBackground = true };
        producer.Start();
        RunLoop(async () =>
        {
            running = Loop.Current;
            started.Set();
            while (Volatile.Read(ref submitted) < 20)
            {
                await Loop.Sleep(1);
            }
        }, Patient);
        producer.Join(TimeSpan.FromSeconds(10)).Should().BeTrue();

        Log.Should().Equal("refused");
        Reported.Should().BeEmpty("nothing was abandoned");
    }

    [Fact]
    public void Submit_that_races_with_the_end_is_either_refused_or_hands_out_a_task_that_ends()
    {
        for (int round = 0; round < 300; round++)
        {
            Loop loop = NewLoop();
            using var start = new Barrier(2);
            Task? last = null;
            var thread = new Thread(() =>
            {
                start.SignalAndWait();
                try
                {
                    while (true)
                    {
                        last = loop.Submit(static () => { });
                    }
                }
                catch (ObjectDisposedException)
                {
                    // refused
                }
            }) { IsBackground = true };
            thread.Start();
            start.SignalAndWait();
            Thread.SpinWait(round * 20);
            loop.Dispose();

            thread.Join(TimeSpan.FromSeconds(10)).Should().BeTrue();
            (last is null || ((IAsyncResult)last).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(10))).Should().BeTrue("nobody waits for ever");
        }
    }

    [Fact]
    public void Who_waits_outside_for_a_task_or_future_of_a_loop_learns_that_it_was_closed()
    {
        Loop loop = NewLoop();
        LoopFuture<int> future = loop.CreateFuture<int>();
        LoopFuture plain = loop.CreateFuture();
        LoopTask<int> task = loop.Spawn(async Coroutine<int> () =>
        {
            await Forever();
            return 1;
        });
        Task[] outside = [future.AsTask(), plain.AsTask(), task.AsTask(), OnThread(() => future.AsTask()), OnThread(() => ((LoopAwaitable)task).AsTask())];
        loop.RunUntilComplete(Yields(2));
        Task late = OnThread(() => plain.AsTask());

        loop.Dispose();

        foreach (var wait in (Task[])[.. outside, late])
        {
            Record.Exception(() =>
                wait.Wait(TimeSpan.FromSeconds(10))).Should().BeOfType<AggregateException>().Which.InnerException.Should().BeOfType<ObjectDisposedException>();
        }

        Assert.Throws<ObjectDisposedException>(() => { _ = future.AsTask(); });
        OnThread(() => Assert.Throws<ObjectDisposedException>(() => { _ = future.AsTask(); }));
    }

    [Fact]
    public void A_token_withdraws_what_was_submitted_to_a_loop_that_does_not_run()
    {
        using Loop loop = NewLoop();
        using var source = new CancellationTokenSource();
        Task submitted = OnThread(() => loop.Submit(() => { Log.Add("must not run"); }, source.Token));

        source.Cancel();

        submitted.IsCanceled.Should().BeTrue();
        loop.RunUntilComplete(Yields(3));
        Log.Should().BeEmpty();
    }

    [Fact]
    public void An_executor_that_the_loop_does_not_own_is_not_waited_for()
    {
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        var executor = new ThreadPoolExecutor();
        var clock = Stopwatch.StartNew();
        RunLoop(async () =>
        {
            Loop.StartSoon(Loop.RunInExecutor(executor, () =>
            {
                begun.Set();
                gate.Wait(TimeSpan.FromSeconds(30));
            }));
            Loop.StartSoon(Loop.RunInExecutor(null, static () => { }));
            await Yields(3);
            begun.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
        }, Patient with { DefaultExecutor = executor });

        clock.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(25), "the work still stands at its gate");
        gate.Set();
        executor.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
    }

    [Fact]
    public void The_executor_that_the_loop_made_is_waited_for_also_when_another_one_took_its_place()
    {
        using var gate = new ManualResetEventSlim();
        bool worked = false;
        RunLoop(async () =>
        {
            await Begin(() =>
            {
                gate.Wait(TimeSpan.FromSeconds(10));
                Volatile.Write(ref worked, true);
            });
            Loop.Current.DefaultExecutor = new ThreadPoolExecutor();
            Loop.CurrentTask!.AddDoneCallback(_ => gate.Set());
        }, Patient);

        Volatile.Read(ref worked).Should().BeTrue();
    }

    [Fact]
    public void Disposing_a_loop_of_ones_own_serves_the_work_of_its_executor_to_the_end()
    {
        Loop loop = NewLoop(Patient);
        using var gate = new ManualResetEventSlim();
        bool served = false;
        loop.RunUntilComplete(async () =>
        {
            await Begin(() =>
            {
                gate.Wait(TimeSpan.FromSeconds(10));
                using var answer = new ManualResetEventSlim();
                loop.Post(answer.Set);
                served = answer.Wait(TimeSpan.FromSeconds(10));
            });
        });

        gate.Set();
        loop.Dispose();

        served.Should().BeTrue();
    }

    [Fact]
    public void Disposing_a_loop_on_another_thread_tells_the_work_of_its_executor_that_it_is_closed()
    {
        Loop loop = NewLoop(Patient);
        Exception? told = null;
        using var gate = new ManualResetEventSlim();
        using var disposing = new ManualResetEventSlim();
        Task waited = null!;
        loop.RunUntilComplete(async () =>
        {
            await Begin(() =>
            {
                gate.Wait(TimeSpan.FromSeconds(10));
                waited = loop.Submit(Forever);
                disposing.Set();
                told = Record.Exception(() => waited.Wait(TimeSpan.FromSeconds(30)));
            });
        });
        gate.Set();
        disposing.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();

        OnThread(loop.Dispose);

        told.Should().BeOfType<AggregateException>().Which.InnerException.Should().BeOfType<ObjectDisposedException>();
    }

    [Fact]
    public void A_main_that_leaves_tasks_running_is_told_of_in_debug_mode()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(Forever(), "left behind");
            Loop.CreateTask(Forever(), "told to go").Cancel();
            _ = Tcp.Listen(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), static async _ => { });
            await Loop.Yield();
        }, DebugOptions with { SlowStepThreshold = TimeSpan.FromMinutes(1) });

        Logger.Warnings.Should().ContainSingle(static entry => entry.Event.Name == "LeftRunning").Which.Message.Should()
            .Contain("2 task(s) still run").And.Contain("task 'left behind' (waiting on sleep").And.Contain("accept on 127.0.0.1").And.NotContain("told to go");
    }

    [Fact]
    public void A_main_that_awaits_what_it_starts_is_not_told_of()
    {
        RunLoop(async () => await Loop.CreateTask(Yields(3)), DebugOptions with { SlowStepThreshold = TimeSpan.FromMinutes(1) });

        Logger.Warnings.Should().BeEmpty();
    }

    /// <summary>Work in the default executor, which has begun: what has not is withdrawn when a run ends.</summary>
    private static async Coroutine Begin(Action work)
    {
        Loop loop = Loop.Current;
        LoopFuture begun = loop.CreateFuture();
        Loop.StartSoon(Loop.ToThread(() =>
        {
            loop.Post(begun.SetResult);
            work();
        }));
        await begun;
    }
}
