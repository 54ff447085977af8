using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EventLoop.Tests.Groups;

public sealed class LoopGroupEndTests : GroupTest
{
    [Fact]
    public void The_end_of_main_cancels_and_awaits_what_is_left_on_every_loop()
    {
        int cleanedUp = 0;
        RunGroup(async group =>
        {
            var begun = new CountdownEvent(2);
            group.PostToEach(_ => Loop.StartSoon(Work(begun)));
            await Loop.ToThread(() => begun.Wait());
        });
        cleanedUp.Should().Be(2);

        async Coroutine Work(CountdownEvent begun)
        {
            try
            {
                begun.Signal();
                await Forever();
            }
            finally
            {
                await Loop.Sleep(20);
                Interlocked.Increment(ref cleanedUp);
            }
        }
    }

    [Fact]
    public void Tasks_that_heed_nothing_on_every_loop_cost_one_ShutdownTimeout_and_are_named()
    {
        const int loops = 10;
        var watch = new Stopwatch();
        RunGroup(
            async group =>
            {
                foreach (var loop in group.Loops)
                {
                    _ = loop.Submit(Stubborn);
                }

                await Until(() => group.Loops.All(static loop => loop.Statistics.TaskCount == 1));
                watch.Start();
            },
            Group with { Loops = loops, Loop = Group.Loop with { ShutdownTimeout = Seconds(0.5) } });
        watch.Elapsed.Should().BeGreaterThan(Seconds(0.45)).And.BeLessThan(Seconds(3), "one after the other they would take five seconds");
        Reported.Count(static context => context.Message.Contains("was abandoned", StringComparison.Ordinal)).Should().Be(loops);

        static async Coroutine Stubborn()
        {
            while (true)
            {
                try
                {
                    await Forever();
                }
                catch (LoopCanceledException)
                {
                }
            }
        }
    }

    [Fact]
    public void A_step_that_does_not_come_back_is_left_behind_and_named()
    {
        using var release = new ManualResetEventSlim();
        var watch = new Stopwatch();
        RunGroup(
            async group =>
            {
                _ = group.Loops[0].Submit(() => release.Wait());
                await Until(() => group.Loops[0].Statistics.TaskCount == 1);
                await group.Loops[1].Submit(async Coroutine () => await Loop.Yield());
                watch.Start();
            },
            Group with { Loop = Group.Loop with { ShutdownTimeout = Seconds(0.3) } });
        watch.Elapsed.Should().BeLessThan(Seconds(10), "nobody waits for a step that ends only when the group has");
        Reported.Should().ContainSingle(static context => context.Message.Contains("'g-0' did not end within", StringComparison.Ordinal));
        release.Set();
    }

    [Fact]
    public void What_main_throws_Run_throws_after_all_loops_have_ended()
    {
        Loop[] loops = [];
        FluentActions.Invoking(() => RunGroup(async group =>
        {
            loops = [.. group.Loops];
            await Loop.Yield();
            throw new InvalidDataException("boom");
        })).Should().Throw<InvalidDataException>();
        loops.Should().HaveCount(2).And.OnlyContain(static loop => loop.IsClosed);
    }

    [Fact]
    public void Stop_ends_Run_as_if_main_had_been_cancelled()
    {
        FluentActions.Invoking(() => RunGroup(async group =>
        {
            group.Loops[1].Post(group.Stop);
            await Forever();
        })).Should().Throw<LoopCanceledException>();
    }

    [Fact]
    public void A_main_that_returns_all_the_same_after_a_Stop_has_its_result() => RunGroup(async Coroutine<int> (group) =>
    {
        group.Stop();
        await Catch(Forever());
        return 7;
    }).Should().Be(7);

    [Fact]
    public void Work_for_a_group_that_has_ended_is_refused()
    {
        LoopGroup? left = null;
        RunGroup(async group => left = group);
        FluentActions.Invoking(() => left!.PostToEach(static _ => { })).Should().Throw<ObjectDisposedException>();
        RunLoop(async () => (await Catch(left!.Run(async Coroutine () => { }))).Should().BeOfType<ObjectDisposedException>());
        left!.Stop();
        left.Statistics.Loops.Should().HaveCount(2);
    }

    [Fact]
    public void Work_that_its_loop_does_not_come_to_before_it_closes_fails_its_waiter() => RunGroup(
        async group =>
        {
            var outer = Loop.CreateTask(group.RunOn(1, async Coroutine () => throw new LoopExitException(3)));
            var other = Loop.CreateTask(group.RunOn(1, Forever));
            (await Catch(outer)).Should().NotBeNull();
            (await Catch(other)).Should().NotBeNull();
        },
        Group with { Loops = 1, OnFailure = LoopFailurePolicy.Restart });

    // ---- A loop that fails

    [Fact]
    public void A_loop_that_fails_stops_the_group_and_Run_throws_what_it_failed_with()
    {
        bool canceled = false;
        FluentActions.Invoking(() => RunGroup(async group =>
        {
            group.Loops[1].Post(static () => throw new LoopExitException(5));
            try
            {
                await Forever();
            }
            catch (LoopCanceledException)
            {
                canceled = true;
                throw;
            }
        })).Should().Throw<LoopExitException>().Which.ExitCode.Should().Be(5);
        canceled.Should().BeTrue();
    }

    [Fact]
    public void A_main_that_fails_after_a_loop_has_is_reported_and_the_loops_failure_thrown()
    {
        FluentActions.Invoking(() => RunGroup(async group =>
        {
            group.Loops[0].Post(static () => throw new LoopExitException(5));
            await Catch(Forever());
            throw new InvalidDataException("boom");
        })).Should().Throw<LoopExitException>();
        Reported.Should().ContainSingle(static context => context.Exception is InvalidDataException);
    }

    [Fact]
    public void A_failing_task_or_callback_concerns_its_own_loop_only() => RunGroup(async group =>
    {
        group.Loops[0].Post(static () => throw new InvalidDataException("callback"));
        await Until(() => Reported.Count == 1);
        (await group.RunOnEach(async Coroutine<int> (index) => index)).Should().Equal(0, 1);
    });

    [Fact]
    public void A_loop_that_fails_is_replaced_where_the_options_say_so_and_the_handler_of_Runs_loop_hears_of_it() => RunGroup(
        async group =>
        {
            var before = group.Loops[1];
            await group.Loops[0].Submit(() => Thread.Sleep(20));
            before.Post(static () => throw new LoopExitException(5));
            await Until(() => !ReferenceEquals(group.Loops[1], before));
            await Until(() => Reported.Count == 1);
            Reported[0].Exception.Should().BeOfType<LoopExitException>();
            Reported[0].Message.Should().Contain("'g-1'");
            group.Loops[1].Name.Should().Be("g-1");
            (await group.RunOnEach(async Coroutine<int> (index) => group.CurrentIndex)).Should().Equal(0, 1);
            group.Statistics.Loops.Should().HaveCount(2);
        },
        Group with { OnFailure = LoopFailurePolicy.Restart });

    [Fact]
    public void A_loop_may_be_replaced_many_times() => RunGroup(
        async group =>
        {
            for (int i = 1; i <= 20; i++)
            {
                (await Catch(group.RunOn("k", async Coroutine () => throw new LoopExitException(i)))).Should().NotBeNull();
                await Until(() => Reported.Count == i);
                (await group.RunOn("k", async Coroutine<int> () => 1)).Should().Be(1);
            }
        },
        Group with { OnFailure = LoopFailurePolicy.Restart });

    [Fact]
    public void Of_a_loop_that_was_replaced_nothing_is_kept() => RunGroup(
        async group =>
        {
            var replaced = new List<WeakReference>();
            for (int i = 1; i <= 5; i++)
            {
                var failed = FailFirst(group);
                await Until(() => Reported.Count == i);
                if (i is > 1 and < 5)      // the test itself watches over the first, and the loop that ran last is remembered
                {
                    replaced.Add(failed);
                }
            }

            await Until(() =>
            {
                GC.Collect();
                return !replaced.Exists(static loop => loop.IsAlive);
            });

            [MethodImpl(MethodImplOptions.NoInlining)]
            static WeakReference FailFirst(LoopGroup group)
            {
                group.Loops[0].Post(static () => throw new LoopExitException(5));
                return new WeakReference(group.Loops[0]);
            }
        },
        Group with { OnFailure = LoopFailurePolicy.Restart });

    [Fact]
    public void A_user_who_stops_a_loop_of_a_group_stops_nothing() => RunGroup(async group =>
    {
        group.Loops[0].Stop();
        (await group.RunOnEach(async Coroutine<int> (index) => index)).Should().Equal(0, 1);
    });

    [Fact]
    public void An_exit_that_cleanup_code_on_a_loop_asks_for_is_what_Run_throws() => FluentActions.Invoking(() => RunGroup(async group =>
    {
        _ = group.Loops[1].Submit(async Coroutine () =>
        {
            try
            {
                await Forever();
            }
            finally
            {
                throw new LoopExitException(9);
            }
        });
        await Until(() => group.Loops[1].Statistics.TaskCount == 1);
    })).Should().Throw<LoopExitException>().Which.ExitCode.Should().Be(9);

    [Fact]
    public void A_second_stop_does_not_cut_short_what_main_does_about_the_first()
    {
        var options = Group;
        FluentActions.Invoking(() => RunGroup(
            async Coroutine (group) =>
            {
                group.Stop();
                try
                {
                    await Forever();
                }
                finally
                {
                    group.Stop();
                    await Task.Run(group.Stop);
                    await Loop.Sleep(20);
                    Log.Add("clean");
                }
            },
            options)).Should().Throw<OperationCanceledException>();
        Log.Should().Equal("clean");
    }
}
