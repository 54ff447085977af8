using EventLoop.Tests.Net;

namespace EventLoop.Tests.Groups;

public sealed class LoopGroupTests : GroupTest
{
    [Fact]
    public void Main_runs_on_the_thread_of_Run_on_a_loop_that_is_none_of_the_group()
    {
        int thread = OnThread(() => LoopGroup.Run(
            async Coroutine<int> (group) =>
            {
                group.Loops.Should().HaveCount(2).And.NotContain(Loop.Current);
                group.CurrentIndex.Should().Be(-1);
                await Loop.Yield();
                return Here;
            },
            Group));
        thread.Should().NotBe(Here);
        LoopGroup.Run(async Coroutine<int> (_) => Here, Group).Should().Be(Here);
    }

    [Fact]
    public void Loops_have_threads_of_their_own_and_the_names_of_the_group() => RunGroup(async group =>
    {
        int[] threads = await group.RunOnEach(async Coroutine<int> (index) =>
        {
            group.CurrentIndex.Should().Be(index);
            Loop.Current.Should().BeSameAs(group.Loops[index]);
            await Loop.Yield();
            return Here;
        });
        threads.Should().OnlyHaveUniqueItems().And.NotContain(Here);
        group.Loops.Select(static loop => loop.Name).Should().Equal("g-0", "g-1");
        Loop.Current.Name.Should().Be("g");
    });

    [Fact]
    public void Without_a_number_there_is_a_loop_for_each_processor() => RunGroup(
        async group => group.Loops.Should().HaveCount(Environment.ProcessorCount),
        new LoopGroupOptions { Loop = Options });

    [Fact]
    public void One_loop_is_a_group_too() => RunGroup(
        async group =>
        {
            (await group.Run(async Coroutine<int> () => group.CurrentIndex)).Should().Be(0);
            group.On("anything").Should().BeSameAs(group.Loops[0]);
            group.LeastLoaded.Should().BeSameAs(group.Loops[0]);
        },
        Group with { Loops = 1 });

    [Fact]
    public void Two_groups_of_one_process_know_their_own_loops_only() => RunGroup(async first =>
    {
        await Loop.ToThread(() => RunGroup(async second =>
        {
            int[] seen = await first.Loops[1].Submit(async Coroutine<int[]> () => [first.CurrentIndex, second.CurrentIndex]);
            seen.Should().Equal(1, -1);
        }));
    });

    [Fact]
    public void A_group_is_not_run_inside_a_loop() => RunLoop(async () =>
        FluentActions.Invoking(() =>
            LoopGroup.Run(async Coroutine (_) => { }, Group)).Should().Throw<InvalidOperationException>().WithMessage("*already running on this thread*"));

    [Fact]
    public void Options_out_of_range_are_refused_where_they_are_set()
    {
        FluentActions.Invoking(() => new LoopGroupOptions { Loops = 0 }).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new LoopGroupOptions { OnFailure = (LoopFailurePolicy)7 }).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new GroupListenOptions { Accept = (AcceptMode)7 }).Should().Throw<ArgumentOutOfRangeException>();
    }

    // ---- Who gets what

    [Fact]
    public void Equal_keys_go_to_one_loop_and_numbers_in_equal_steps_are_spread() => RunGroup(
        async group =>
        {
            group.On("a key").Should().BeSameAs(group.On(new string("a key".AsSpan())));
            foreach (int step in (int[])[1, 2, 4, 8, 64, 1024, 4096, 65536])
            {
                var counts = Enumerable.Range(0, 4000).GroupBy(i => group.On(i * step)).Select(static keys => keys.Count()).ToList();
                counts.Should().HaveCount(4).And.OnlyContain(count => count > 700, $"of multiples of {step} none is to be crowded");
            }
        },
        Group with { Loops = 4 });

    [Fact]
    public void Work_for_a_key_runs_on_its_loop_also_when_that_asks() => RunGroup(async group =>
    {
        int index = group.Loops.ToList().IndexOf(group.On(42));
        (await group.RunOn(42, async Coroutine<int> () => await group.RunOn(42, async Coroutine<int> () =>
        {
            await Loop.Yield();
            return group.CurrentIndex;
        }))).Should().Be(index);
    });

    [Fact]
    public void Work_without_a_key_is_spread_over_the_loops() => RunGroup(
        async group =>
        {
            var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var work = Enumerable.Range(0, 40).Select(_ => Loop.CreateTask(group.Run(async Coroutine<int> () =>
            {
                await release.Task;
                return group.CurrentIndex;
            }))).ToList();
            await Until(() => group.Loops.Sum(static loop => loop.Statistics.TaskCount) == 40);
            release.SetResult();
            (await Loop.Gather(work.Select(static task => task.AsCoroutine()))).GroupBy(static index =>
                index).Should().HaveCount(4).And.OnlyContain(static share => share.Count() == 10);
        },
        Group with { Loops = 4 });

    [Fact]
    public void Work_resumes_its_caller_on_the_callers_loop_with_its_AsyncLocals_there() => RunGroup(async group =>
    {
        var local = new AsyncLocal<int> { Value = 7 };
        int thread = Here;
        (await group.Run(async Coroutine<int> () => local.Value)).Should().Be(7);
        Here.Should().Be(thread);
    });

    [Fact]
    public void What_work_throws_its_caller_gets_with_the_stack_of_the_work() => RunGroup(async group =>
    {
        var failure = await Catch(group.Run(Failing));
        failure.Should().BeOfType<InvalidDataException>().Which.StackTrace.Should().Contain(nameof(Failing));
        Reported.Should().BeEmpty();
    });

    private static async Coroutine Failing()
    {
        await Loop.Yield();
        throw new InvalidDataException("boom");
    }

    [Fact]
    public void A_cancellation_goes_to_the_work_and_the_wait_ends_when_the_work_has() => RunGroup(async group =>
    {
        bool ended = false;
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var work = Loop.CreateTask(group.RunOn(1, async Coroutine () =>
        {
            try
            {
                begun.SetResult();
                await Forever();
            }
            finally
            {
                await Loop.Sleep(20);
                Volatile.Write(ref ended, true);
            }
        }));
        await begun.Task;
        work.Cancel("enough");
        (await Catch(work)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("enough");
        Volatile.Read(ref ended).Should().BeTrue();
        work.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void A_timeout_around_work_elsewhere_is_one() => RunGroup(async group =>
        (await Catch(Loop.WaitFor(group.Run(Forever), Seconds(0.02)))).Should().BeOfType<TimeoutException>());

    [Fact]
    public void Work_that_is_asked_for_in_a_cancelled_scope_never_begins() => RunGroup(async group =>
    {
        bool begun = false;
        await CancelScope.Run(async scope =>
        {
            scope.Cancel();
            await group.RunOnEach(async Coroutine (_) => begun = true);
        });
        begun.Should().BeFalse();
    });

    [Fact]
    public void A_failure_on_one_loop_cancels_the_others_and_is_thrown_with_all_failures() => RunGroup(async group =>
    {
        var canceled = new bool[2];
        var failure = await Catch(group.RunOnEach(async Coroutine (index) =>
        {
            if (index == 1)
            {
                throw new InvalidDataException("boom");
            }

            try
            {
                await Forever();
            }
            catch (LoopCanceledException)
            {
                canceled[index] = true;
                throw;
            }
        }));
        failure.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().ContainSingle().Which.Should().BeOfType<InvalidDataException>();
        canceled.Should().Equal(true, false);
    });

    [Fact]
    public void RunOnEach_gives_the_results_in_the_order_of_the_loops_whichever_loop_asks() => RunGroup(async group =>
        (await group.RunOn("x", () => group.RunOnEach(async Coroutine<int> (index) =>
        {
            await Loop.Sleep(index == 0 ? 10 : 0);
            return index * 10;
        }))).Should().Equal(0, 10));

    [Fact]
    public void PostToEach_calls_on_every_loop_and_nobody_waits() => RunGroup(async group =>
    {
        var seen = new int[2];
        group.PostToEach(index => Volatile.Write(ref seen[index], group.CurrentIndex + 1));
        await Until(() => Volatile.Read(ref seen[0]) == 1 && Volatile.Read(ref seen[1]) == 2);
    });

    [Fact]
    public void The_statistics_show_a_loop_that_is_busy_while_the_others_are_not() => RunGroup(async group =>
    {
        await group.Loops[1].Submit(() => Thread.Sleep(500));
        var statistics = group.Statistics;
        statistics.Loops.Should().HaveCount(2);
        statistics.Connections.Should().Equal(0, 0);
        statistics.Imbalance.Should().BeInRange(1.2, 2, "the other one may have been busy as well, but not for as long");
    });

    [Fact]
    public void Pinned_threads_run_on_one_processor_each()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Only Linux ties threads to processors here.");
        }

        RunGroup(
            async group =>
            {
                string[] allowed = await group.RunOnEach(async Coroutine<string> (_) =>
                    File.ReadLines("/proc/thread-self/status").First(static line =>
                        line.StartsWith("Cpus_allowed_list", StringComparison.Ordinal)).Split('\t')[1]);
                allowed.Should().OnlyContain(static list => !list.Contains('-') && !list.Contains(','));
                allowed.Distinct().Should().HaveCount(Math.Min(2, Environment.ProcessorCount));
            },
            Group with { PinThreads = true });
    }

    [Fact]
    public void A_pending_cancellation_comes_before_work_on_the_callers_own_loop() => RunGroup(async group => await group.RunOn("key", async Coroutine () =>
    {
        bool begun = false;
        await CancelScope.Run(async Coroutine (scope) =>
        {
            scope.Cancel();
            await group.RunOn("key", async Coroutine () => begun = true);
        });
        await Yields(3);
        begun.Should().BeFalse();
    }));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void A_cancellation_reaches_work_that_arrives_in_the_same_turn_of_a_shuffled_loop(int seed) => RunGroup(
        async group =>
        {
            using var held = new ManualResetEventSlim();
            using var holds = new ManualResetEventSlim();
            group.Loops[1].Post(() =>
            {
                holds.Set();
                held.Wait(TestContext.Current.CancellationToken);
            });
            holds.Wait(TestContext.Current.CancellationToken);
            var work = Loop.CreateTask(group.RunOnEach(async Coroutine<int> (index) =>
            {
                await (index == 1 ? Forever() : Yields(1));
                return index;
            }));
            await Yields(3);
            work.Cancel();
            await Yields(3);
            held.Set();
            (await Catch(work)).Should().BeOfType<LoopCanceledException>();
        },
        Group with { Loop = Group.Loop with { Seed = seed } });
}
