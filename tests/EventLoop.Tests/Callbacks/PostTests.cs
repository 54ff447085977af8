using EventLoop.Scheduling;

namespace EventLoop.Tests.Callbacks;

[UnderSeeds(50)]
public sealed class PostTests : LoopTest
{
    [Fact]
    public void A_callback_posted_by_another_thread_runs_on_the_loop_thread() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        LoopFuture<int> thread = loop.CreateFuture<int>();
        OnThread(() => loop.Post(() => thread.SetResult(Environment.CurrentManagedThreadId)));

        (await thread).Should().Be(Environment.CurrentManagedThreadId);
    });

    [Fact]
    public void Post_wakes_a_parked_loop() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        LoopFuture posted = loop.CreateFuture();
        long turns = loop.Statistics.Turns;
        loop.CallLater(Seconds(1), static () => { });
        OnceParked(() => loop.Post(posted.SetResult));

        await posted;

        loop.Statistics.Turns.Should().BeLessThan(turns + 20, "the loop parks; it does not spin");
    }, ManualTime);

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Posts_of_one_thread_run_in_order()
    {
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            OnThread(() =>
            {
                for (int i = 0; i < 100; i++)
                {
                    loop.Post(static entry => entry.Log.Add($"{entry.Number}"), (Log, Number: i));
                }
            });
            await Yields(3);
        });

        Log.Should().Equal(Enumerable.Range(0, 100).Select(static n => $"{n}"));
    }

    [Fact]
    public void Post_on_the_loop_thread_never_runs_inline()
    {
        RunLoop(async () =>
        {
            Loop.Current.Post(() => Log.Add("posted"));
            Log.Add("after Post");
            await Loop.Yield();
        });

        Log.Should().Equal("after Post", "posted");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Post_and_CallSoon_on_the_loop_thread_share_one_queue()
    {
        RunLoop(async () =>
        {
            Loop.Current.Post(() => Log.Add("1"));
            Loop.Current.CallSoon(() => Log.Add("2"));
            Loop.Current.Post(Log.Add, "3");
            Loop.Current.CallSoon(Log.Add, "4");
            await Loop.Yield();
            Log.Add("5");
        });

        Log.Should().Equal("1", "2", "3", "4", "5");
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void CallSoon_runs_after_what_other_threads_posted_before_it()
    {
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            OnThread(() => loop.Post(() => Log.Add("posted first")));
            loop.CallSoon(() => Log.Add("called second"));
            await Yields(2);
        });

        Log.Should().Equal("posted first", "called second");
    }

    [Fact]
    public void Posts_made_before_the_loop_runs_are_kept_for_it()
    {
        using Loop loop = NewLoop();
        OnThread(() => loop.Post(() => Log.Add("posted")));

        loop.RunUntilComplete(Yields(2));

        Log.Should().Equal("posted");
    }

    [Fact]
    public void A_posted_callback_sees_the_AsyncLocals_of_the_poster()
    {
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            var local = new AsyncLocal<string> { Value = "main" };
            OnThread(() =>
            {
                local.Value = "poster";
                loop.Post(() => Log.Add(local.Value));
            });
            await Yields(2);
            Log.Add(local.Value);
        });

        Log.Should().Equal("poster", "main");
    }

    [Fact]
    public void A_posted_callback_that_throws_is_reported_and_the_loop_goes_on() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        var failure = new InvalidDataException();
        OnThread(() => loop.Post(() => throw failure));
        await Yields(3);

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);
    });

    [Fact]
    public void CurrentTask_is_null_in_a_posted_callback() => RunLoop(async () =>
    {
        LoopFuture<LoopTask?> seen = Loop.Current.CreateFuture<LoopTask?>();
        Loop.Current.Post(() => seen.SetResult(Loop.CurrentTask));

        (await seen).Should().BeNull();
    });

    [Fact]
    public void Posts_to_a_busy_loop_write_no_wake_up()
    {
        long wakeUps = -1;
        int ran = 0;
        RunLoop(async () =>
        {
            Loop loop = Loop.Current;
            await Loop.Yield();
            long before = loop.Core.WakeUps;
            var poster = new Thread(() =>
            {
                for (int i = 0; i < 1000; i++)
                {
                    loop.Post(() => ran++);
                }
            });
            poster.Start();
            poster.Join();        // the loop is in this step all the while
            wakeUps = loop.Core.WakeUps - before;
            await Loop.Yield();
        });

        wakeUps.Should().Be(0);
        ran.Should().Be(1000);
    }

    [Fact]
    public void One_wake_up_is_written_for_each_sleep_of_the_loop_however_many_posts_end_it()
    {
        using Loop loop = NewLoop();
        int ran = 0;
        var poster = new Thread(() =>
        {
            for (int round = 0; round < 200; round++)
            {
                for (int i = 0; i < 5; i++)
                {
                    loop.Post(() => ran++);
                }

                Thread.Yield();
            }

            loop.Post(loop.Stop);
        });
        poster.Start();
        loop.RunForever();
        poster.Join();

        ran.Should().Be(1000);
        loop.Core.WakeUps.Should().BeLessThanOrEqualTo(loop.Statistics.Turns, "it parks, or is about to, once in a turn at most");
    }

    [Fact]
    public void A_loop_that_sleeps_is_woken_for_every_item_that_arrives_with_others_from_the_pool() => RunLoop(async () =>
    {
        LoopCore core = Loop.Current.Core;
        for (int round = 0; round < 200; round++)
        {
            LoopFuture arrived = Loop.Current.CreateFuture();
            ThreadPool.UnsafeQueueUserWorkItem(_ => core.ArriveWithOthers(new RawStep(arrived.SetResult)), null);
            await arrived;
        }

        const int many = 1000;
        LoopFuture all = Loop.Current.CreateFuture();
        int left = many;
        for (int i = 0; i < many; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => core.ArriveWithOthers(new RawStep(() =>
            {
                if (--left == 0)
                {
                    all.SetResult();
                }
            })), null);
        }

        await all;
    });
}
