namespace EventLoop.Tests.Combining;

/// <summary>Whatever one would give a combinator compiles, without ambiguity, and does what is expected.</summary>
[UnderSeeds(10)]
public sealed class CombiningOverloadTests : LoopTest
{
    private readonly InvalidDataException _failure = new("boom");

    [Fact]
    public void Coroutines_tasks_and_futures_of_one_type_can_be_mixed() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(After(2, 2));
        LoopFuture<int> future = Soon(3);

        (await Loop.Gather(After(1, 1), task, future)).Should().Equal(1, 2, 3);
        (await Loop.Gather([After(1, 1), task.AsCoroutine(), future.AsCoroutine()])).Should().Equal(1, 2, 3);
        (await Loop.GatherOutcomes(After(1, 1), task, future)).Select(static one => one.Value).Should().Equal(1, 2, 3);
    });

    [Fact]
    public void Coroutines_tasks_and_futures_without_values_can_be_mixed() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Yields(2));
        LoopTask<int> valued = Loop.CreateTask(After(2, 2));
        LoopFuture future = Loop.Current.CreateFuture();
        Loop.Current.CallSoon(future.SetResult);
        var net = Task.Run(static () => { });

        await Loop.Gather(Yields(1), task, valued, future, net.OnLoop(), Loop.Yield());
        await Loop.Gather([Yields(1), task]);
        (await Loop.GatherOutcomes(Yields(1), task, valued, ThrowAfter(1, _failure))).Select(static one =>
            one.IsSuccess).Should().Equal(true, true, true, false);
        task.IsCompletedSuccessfully.Should().BeTrue();
    });

    [Fact]
    public void Tasks_and_futures_in_a_collection_expression_are_awaitables() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Yields(2));
        LoopTask<int> valued = Loop.CreateTask(After(2, 2));
        LoopFuture<int> future = Soon(1);

        await Loop.Gather([task, valued, future]);
        await Loop.Gather(task, valued, future);
        (await Loop.GatherOutcomes([task, valued, future])).Should().OnlyContain(static one => one.IsSuccess);
        (await Loop.Wait([task, valued, future])).Done.Should().Equal(task, valued, future);
        await foreach (LoopAwaitable done in Loop.AsCompleted<LoopAwaitable>([task, valued, future]))
        {
            done.IsCompleted.Should().BeTrue();
        }
    });

    [Fact]
    public void A_gathered_AsCoroutine_stands_for_the_task_itself() => RunLoop(async () =>
    {
        LoopTask<int> task = Loop.CreateTask(After(5, 1));
        LoopTask gatherer = Loop.CreateTask(async () => await Loop.Gather(task.AsCoroutine(), After(1, 1)));
        await Yields(2);

        task.Awaiters.Should().Equal(gatherer);
        gatherer.Cancel();
        (await Catch(task)).Should().BeOfType<LoopCanceledException>();
    });

    [Fact]
    public void NET_tasks_are_gathered_waited_for_and_given_as_they_end() => RunLoop(async () =>
    {
        Task<int>[] valued = [Task.Run(static () => 1), Task.FromResult(2)];
        Task[] plain = [Task.CompletedTask, Task.Run(static () => { })];

        (await Loop.Gather(valued)).Should().Equal(1, 2);
        (await Loop.Gather(valued[0], valued[1])).Should().Equal(1, 2);
        await Loop.Gather(plain);
        await Loop.Gather(plain[0], valued[0]);
        (await Loop.Wait(valued)).Done.Should().Equal(valued);
        (await Loop.Wait(plain)).Done.Should().Equal(plain);
        (await Loop.Wait([plain[0], valued[0]])).Done.Should().Equal(plain[0], valued[0]);
        List<int> seen = [];
        await foreach (Task<int> done in Loop.AsCompleted(valued))
        {
            seen.Add(await done);
        }

        seen.Should().BeEquivalentTo([1, 2]);
        await foreach (Task done in Loop.AsCompleted(plain))
        {
            done.IsCompletedSuccessfully.Should().BeTrue();
        }
    });

    [Fact]
    public void Outcomes_of_NET_tasks_hold_what_they_threw() => RunLoop(async () =>
    {
        Outcome<int>[] valued = await Loop.GatherOutcomes(Task.Run(static () => 1), Task.FromException<int>(_failure),
            Task.FromCanceled<int>(new CancellationToken(true)));
        valued[0].Value.Should().Be(1);
        valued[1].Exception.Should().BeSameAs(_failure);
        valued[2].Exception.Should().BeAssignableTo<OperationCanceledException>();

        Outcome[] plain = await Loop.GatherOutcomes(Task.Run(static () => { }), Task.FromException(_failure));
        plain.Select(static one => one.IsSuccess).Should().Equal(true, false);
    });

    [Fact]
    public void Wait_for_NET_tasks_returns_with_the_first_or_when_the_time_is_up() => RunLoop(async () =>
    {
        var first = new TaskCompletionSource<int>();
        var second = new TaskCompletionSource<int>();
        Loop.Current.CallLater(Seconds(1), () => second.SetResult(2));

        (await Loop.Wait([first.Task, second.Task], returnWhen: ReturnWhen.FirstCompleted)).Done.Should().Equal(second.Task);
        WaitResult<Task<int>> late = await Loop.Wait([first.Task, second.Task], Seconds(1));
        late.Done.Should().Equal(second.Task);
        late.Pending.Should().Equal(first.Task);
    }, JumpingTime);

    [Fact]
    public void Tuples_of_up_to_seven_are_gathered_whatever_they_are_of() => RunLoop(async () =>
    {
        (await Loop.Gather(After(1, 1), After(2, "2"), After(3, 3.0), After(4, '4'), After(5, 5L), After(6, true), After(7, (byte)7)))
            .Should().Be((1, "2", 3.0, '4', 5L, true, (byte)7));
        (await Loop.Gather(Started(1), Started("2"), Started(3.0), Started('4'), Started(5L), Started(true), Started((byte)7)))
            .Should().Be((1, "2", 3.0, '4', 5L, true, (byte)7));
        (await Loop.Gather(Net(1), Net("2"), Net(3.0), Net('4'), Net(5L), Net(true), Net((byte)7)))
            .Should().Be((1, "2", 3.0, '4', 5L, true, (byte)7));
        (await Loop.Gather(Net(1), Net("2"))).Should().Be((1, "2"));
        (await Loop.Gather(Coroutine.FromResult(1), Coroutine.FromResult("2"))).Should().Be((1, "2"));
    });

    [Fact]
    public void Outcomes_of_several_types_are_a_tuple_whatever_they_are_of() => RunLoop(async () =>
    {
        (Outcome<int> a, Outcome<string> b) = await Loop.GatherOutcomes(After(1, 1), ThrowAfter<string>(1, _failure));
        (a.Value, b.Exception).Should().Be((1, _failure));
        (a, b) = await Loop.GatherOutcomes(Started(1), Loop.CreateTask(ThrowAfter<string>(1, _failure)));
        (a.Value, b.Exception).Should().Be((1, _failure));
        (a, b) = await Loop.GatherOutcomes(Net(1), Task.FromException<string>(_failure));
        (a.Value, b.Exception).Should().Be((1, _failure));

        var seven = await Loop.GatherOutcomes(After(1, 1), After(2, "2"), After(3, 3.0), After(4, '4'), After(5, 5L), After(6, true), After(7, (byte)7));
        (seven.Item1.Value, seven.Item2.Value, seven.Item7.Value).Should().Be((1, "2", (byte)7));
    });

    [Fact]
    public void A_NET_task_becomes_a_task_of_the_loop() => RunLoop(async () =>
    {
        LoopTask<int> valued = Loop.CreateTask(Net(5), name: "five");
        LoopTask plain = Loop.CreateTask(Task.Run(static () => { }));
        LoopTask<int> failed = Loop.CreateTask(Task.FromException<int>(_failure));
        LoopTask<int> eager = Loop.CreateTask(Task.FromResult(1), eager: true);

        (await valued).Should().Be(5);
        valued.Name.Should().Be("five");
        await plain;
        (await Catch(failed)).Should().BeSameAs(_failure);
        eager.Result.Should().Be(1);
    });

    [Fact]
    public void Cancelling_the_task_of_a_NET_task_leaves_that_alone() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask<int> task = Loop.CreateTask(source.Task);
        await Yields(2);
        task.Cancel("why");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
        source.Task.IsCompleted.Should().BeFalse();
        source.SetException(_failure);
        await Yields(2);
        Reported.Should().BeEmpty();
    });

    [Fact]
    public void The_failure_of_a_NET_task_that_was_started_soon_is_reported()
    {
        RunLoop(async () =>
        {
            Loop.StartSoon(Task.FromException(_failure));
            Loop.StartSoon(Task.FromException<int>(_failure), "named");
            Loop.StartSoon(async Task () => await Loop.Yield());
            Loop.StartSoon(async Coroutine () => await Loop.Yield());
            await Yields(5);
        });

        Reported.Should().HaveCount(2).And.OnlyContain(one => one.Exception == _failure);
    }

    [Fact]
    public void WaitFor_a_NET_task_gives_its_result_or_gives_up() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();

        var soon = new TaskCompletionSource<int>();
        Loop.Current.CallLater(Seconds(0.5), () => soon.SetResult(1));
        (await Loop.WaitFor(soon.Task, Seconds(1))).Should().Be(1);
        await Loop.WaitFor(Task.CompletedTask, TimeSpan.Zero);
        (await Loop.WaitFor(Task.FromResult(2), TimeSpan.Zero)).Should().Be(2);
        (await Catch(Loop.WaitFor(Task.FromException(_failure), null))).Should().BeSameAs(_failure);
        (await Catch(Loop.WaitFor(source.Task, Seconds(1)))).Should().BeOfType<TimeoutException>();
        (await Catch(Loop.WaitFor((Task)source.Task, TimeSpan.Zero))).Should().BeOfType<TimeoutException>();
        source.SetResult(3);
        (await Loop.WaitFor(async Task<int> () => await source.Task, Seconds(1))).Should().Be(3);
        (await Loop.WaitFor(async Coroutine<int> () => await source.Task, Seconds(1))).Should().Be(3);
    }, JumpingTime);

    [Fact]
    public void Shield_of_a_NET_task_gives_its_result_and_leaves_it_alone() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource<int>();
        LoopTask<int> waiter = Loop.CreateTask(async () => await Loop.Shield(source.Task));
        await Yields(2);
        waiter.Cancel();

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>();
        source.SetResult(5);
        (await Loop.Shield(source.Task)).Should().Be(5);
        await Loop.Shield((Task)source.Task);
    });

    [Fact]
    public void Lambdas_of_both_kinds_stay_unambiguous() => RunLoop(async () =>
    {
        await Loop.CreateTask(async () => await Loop.Yield());
        (await Loop.CreateTask(async () => await After(1, 1))).Should().Be(1);
        (await Loop.CreateTask(async Task<int> () => await After(1, 1))).Should().Be(1);
        (await Loop.CreateTask(() => Net(1))).Should().Be(1);
        (await Loop.CreateTask(() => After(1, 1))).Should().Be(1);
        await Loop.WaitFor(async () => await Loop.Yield(), Seconds(1));
        (await Loop.WaitFor(async () => await After(1, 1), Seconds(1))).Should().Be(1);
        (await Loop.WaitFor(() => Net(1), null)).Should().Be(1);
        LoopTask task = Loop.CreateTask(Yields(1));
        await Loop.WaitFor(task, Seconds(1));
        await Loop.Shield(task);
    });

    [Fact]
    public void A_wait_for_a_NET_task_says_so() => RunLoop(async () =>
    {
        var source = new TaskCompletionSource();
        LoopTask waiter = Loop.CreateTask(source.Task);
        await Yields(2);

        waiter.WaitingOn.Should().Be("a .NET task");
        source.SetResult();
        await waiter;
    });

    private static LoopFuture<int> Soon(int value)
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        Loop.Current.CallSoon(() => future.SetResult(value));
        return future;
    }

    private static LoopTask<T> Started<T>(T value) => Loop.CreateTask(After(1, value));

    private static Task<T> Net<T>(T value) => Task.Run(() => value);
}
