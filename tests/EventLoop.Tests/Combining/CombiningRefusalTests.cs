namespace EventLoop.Tests.Combining;

/// <summary>What is refused was never begun, and a cancellation that is pending already leaves no child behind.</summary>
public sealed class CombiningRefusalTests : LoopTest
{
    public static TheoryData<string> Forms => [.. Combinators.Keys];

    private static readonly Dictionary<string, Func<Coroutine<int>, Coroutine<int>, object>> Combinators = new()
    {
        ["Gather"] = static (a, b) => Loop.Gather(a, b),
        ["Gather of a tuple"] = static (a, b) => Loop.Gather<int, int>(a, b),
        ["Gather without values"] = static (a, b) => Loop.Gather((Coroutine)a, b),
        ["Gather of many"] = static (a, b) => Loop.Gather([Loop.Sleep(5), .. Enumerable.Range(0, 20).Select(static _ => Loop.Sleep(5)), a, b]),
        ["GatherOutcomes"] = static (a, b) => Loop.GatherOutcomes(a, b),
        ["GatherOutcomes of a tuple"] = static (a, b) => Loop.GatherOutcomes<int, int>(a, b),
        ["GatherOutcomes without values"] = static (a, b) => Loop.GatherOutcomes((Coroutine)a, b),
        ["AsCompleted"] = static (a, b) => Loop.AsCompleted([a, b]),
        ["AsCompleted without values"] = static (a, b) => Loop.AsCompleted([(Coroutine)a, b]),
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_same_coroutine_twice_is_refused_at_the_call_and_runs_nothing(string form)
    {
        RunLoop(async () =>
        {
            Coroutine<int> coroutine = Noting("ran");
            Refused(() => Combinators[form](coroutine, coroutine)).Message.Should().Contain("given twice").And.Contain("CreateTask");
            await Nothing_runs();
        }, DebugOptions);

        Log.Should().BeEmpty();
        Reported.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_coroutine_that_was_started_already_is_refused_and_the_others_count_neither_as_started_nor_as_never_awaited(string form)
    {
        RunLoop(async () =>
        {
            Coroutine<int> started = After(1, 1);
            await started;
            Refused(() => Combinators[form](Noting("ran"), started));
            Refused(() => Combinators[form](started, Noting("ran")));
            await Nothing_runs();
        }, DebugOptions);

        Log.Should().BeEmpty();
        Reported.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_task_of_another_loop_among_coroutines_is_refused_and_the_others_are_not_started(string form)
    {
        using Loop other = NewLoop();
        LoopFuture<int> foreign = other.CreateFuture<int>();
        RunLoop(async () =>
        {
            Refused(() => Combinators[form](Noting("ran"), foreign)).Message.Should().Contain(other.Name);
            await Nothing_runs();
        }, DebugOptions);

        Log.Should().BeEmpty();
        Reported.Should().BeEmpty();
    }

    [Fact]
    public void A_sequence_that_throws_half_way_leaves_no_coroutine_never_awaited()
    {
        RunLoop(async () =>
        {
            Assert.Throws<InvalidDataException>(() => { _ = Loop.Gather(Half()); });
            Assert.Throws<InvalidDataException>(() => { _ = Loop.GatherOutcomes(Half()); });
            Assert.Throws<InvalidDataException>(() => { _ = Loop.AsCompleted(Half()); });
            await Nothing_runs();
        }, DebugOptions);

        Log.Should().BeEmpty();
        Reported.Should().BeEmpty();

        IEnumerable<Coroutine<int>> Half()
        {
            yield return Noting("ran");
            throw new InvalidDataException();
        }
    }

    [Fact]
    public void An_operation_that_is_given_twice_is_refused_and_another_call_of_it_is_not() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        Coroutine<int> get = queue.GetAsync();
        Refused(() => Loop.Gather(get, get));
        queue.TryPut(1);
        queue.TryPut(2);

        (await Loop.Gather(queue.GetAsync(), queue.GetAsync())).Should().Equal(1, 2);
        await Loop.Gather(Loop.Sleep(1), Loop.Sleep(1));
    });

    [Fact]
    public void An_eager_child_that_takes_another_for_itself_makes_the_gather_refuse_and_leaves_none_running() => RunLoop(async () =>
    {
        Coroutine<int> taken = After(3, 1);
        LoopTask<int>? thief = null;
        Refused(() => Loop.Gather(Takes(), taken, Noting("ran")));
        LoopTask before = thief!;
        await Catch(before);

        Log.Should().BeEmpty();
        Loop.AllTasks().Should().HaveCount(1);

        async Coroutine<int> Takes()
        {
            thief = (LoopTask<int>)Loop.CurrentTask!;
            return await taken;
        }
    }, Options with { EagerTasks = true });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GatherOutcomes_with_a_cancellation_that_is_pending_already_cancels_its_children_and_waits_for_them(bool tuple)
    {
        RunLoop(async () =>
        {
            LoopTask gatherer = Loop.CreateTask(async () =>
            {
                Loop.CurrentTask!.Cancel("before");
                if (tuple)
                {
                    await Loop.GatherOutcomes<int, int>(CleaningUp(), CleaningUp());
                }
                else
                {
                    await Loop.GatherOutcomes(CleaningUp(), CleaningUp());
                }
            });

            (await Catch(gatherer)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("before");
            Log.Should().Equal("cleaned up", "cleaned up");
            Loop.AllTasks().Should().HaveCount(1);
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_cancellation_while_GatherOutcomes_waits_for_its_children_does_not_cut_their_cleanup_short(bool pending) => RunLoop(async () =>
    {
        LoopTask gatherer = Loop.CreateTask(async () =>
        {
            if (pending)
            {
                Loop.CurrentTask!.Cancel("first");
            }

            await Loop.GatherOutcomes(CleaningUp(shield: false), CleaningUp(shield: false));
        });
        await Yields(3);
        gatherer.Cancel(pending ? "second" : "first");
        await Yields(3);
        gatherer.Cancel("third");

        (await Catch(gatherer)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("first");
        Log.Should().Equal("cleaned up", "cleaned up");
        Loop.AllTasks().Should().HaveCount(1);
    });

    [Fact]
    public void A_default_coroutine_is_refused_at_the_call()
    {
        RunLoop(async () =>
        {
            Refused(() => Loop.Gather(Noting("ran"), default(Coroutine<int>)));
            Refused(() => Loop.Gather([(Coroutine)Noting("ran"), default(Coroutine)]));
            Refused(() => Loop.AsCompleted([Noting("ran"), default(Coroutine<int>)]));
            await Nothing_runs();
        }, DebugOptions);

        Log.Should().BeEmpty();
        Reported.Should().BeEmpty();
    }

    [Fact]
    public void What_was_refused_can_be_given_again() => RunLoop(async () =>
    {
        Coroutine<int> coroutine = After(1, 5);
        Refused(() => Loop.Gather(coroutine, coroutine));

        (await Loop.Gather(coroutine, Coroutine.FromResult(6))).Should().Equal(5, 6);
    });

    [Fact]
    public void GatherOutcomes_inside_a_cancelled_scope_waits_for_its_children_and_the_scope_absorbs_what_leaves_it() => RunLoop(async () =>
    {
        bool completed = await CancelScope.Run(async scope =>
        {
            scope.Cancel();
            await Loop.GatherOutcomes(CleaningUp(), CleaningUp());
        });

        completed.Should().BeFalse();
        Log.Should().Equal("cleaned up", "cleaned up");
    });

    [Fact]
    public void GatherOutcomes_of_what_has_ended_throws_a_pending_cancellation_all_the_same() => RunLoop(async () =>
    {
        LoopTask<int> done = Loop.CreateTask(After(0, 1));
        await done;
        LoopTask gatherer = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            await Loop.GatherOutcomes(done);
        });

        (await Catch(gatherer)).Should().BeOfType<LoopCanceledException>();
    });

    [Fact]
    public void Gather_with_a_cancellation_that_is_pending_already_cancels_its_children_and_throws_at_once() => RunLoop(async () =>
    {
        LoopTask<int> child = Loop.CreateTask(CleaningUp());
        LoopTask gatherer = Loop.CreateTask(async () =>
        {
            Loop.CurrentTask!.Cancel();
            await Loop.Gather(child);
        });

        (await Catch(gatherer)).Should().BeOfType<LoopCanceledException>();
        (await Catch(child)).Should().BeOfType<LoopCanceledException>();
    });

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void Wait_refuses_an_unknown_ReturnWhen_at_the_call(int returnWhen) => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Yields(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = Loop.Wait([task], returnWhen: (ReturnWhen)returnWhen); }).ParamName.Should().Be("returnWhen");
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = Loop.Wait([Task.CompletedTask], returnWhen: (ReturnWhen)returnWhen); });
        await task;
    });

    private static InvalidOperationException Refused(Func<object> call) => Assert.Throws<InvalidOperationException>(() => { _ = call(); });

    private static async Coroutine Nothing_runs()
    {
        for (int i = 0; i < 3; i++)
        {
            await Yields(3);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Loop.AllTasks().Should().HaveCount(1);
    }

    private async Coroutine<int> Noting(string name)
    {
        Log.Add(name);
        return 1;
    }

    private async Coroutine<int> CleaningUp(bool shield = true)
    {
        try
        {
            await Forever();
        }
        finally
        {
            await CancelScope.Run(async _ => await Yields(20), shield: shield);
            Log.Add("cleaned up");
        }

        return 0;
    }
}
