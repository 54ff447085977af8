namespace EventLoop.Tests.Coroutines;

/// <summary>The awaiters of operations that wait, used by hand: an outcome is given when there is one, once,
/// and whoever asks too early changes nothing for anybody.</summary>
[UnderSeeds(20)]
public sealed class EarlyOutcomeTests : LoopTest
{
    /// <summary>One that waits, and what ends its wait.</summary>
    private sealed record Waiting(Coroutine Operation, Action End);

    public static TheoryData<string> Operations => [.. Makers.Keys];

    private static Dictionary<string, Func<Coroutine<Waiting>>> Makers => new()
    {
        ["sleep"] = static async () => new(Loop.Sleep(TimeSpan.FromMilliseconds(1)), static () => { }),
        ["yield"] = static async () => new(Loop.Yield(), static () => { }),
        ["coroutine"] = static async () =>
        {
            var gate = Loop.Current.CreateFuture();
            return new(Wait(gate), gate.SetResult);

            static async Coroutine Wait(LoopFuture gate) => await gate;
        },
        ["future"] = static async () =>
        {
            var future = Loop.Current.CreateFuture();
            return new(future.AsCoroutine(), future.SetResult);
        },
        ["lock"] = static async () =>
        {
            var mutex = new AsyncLock();
            mutex.TryAcquire();
            return new(mutex.AcquireAsync(), mutex.Release);
        },
        ["semaphore"] = static async () =>
        {
            var semaphore = new AsyncSemaphore(0);
            return new(semaphore.AcquireAsync(), () => semaphore.Release());
        },
        ["event"] = static async () =>
        {
            var set = new AsyncEvent();
            return new(set.WaitAsync(), set.Set);
        },
        ["condition"] = static async () =>
        {
            var condition = new AsyncCondition();
            await condition.AcquireAsync();
            return new(condition.WaitAsync(), () => Loop.CreateTask(async Coroutine () =>
            {
                using (await condition.AcquireAsync())
                {
                    condition.Notify();
                }
            }));
        },
        ["barrier"] = static async () =>
        {
            var barrier = new AsyncBarrier(2);
            return new(barrier.WaitAsync(), () => Loop.CreateTask(barrier.WaitAsync()));
        },
        ["limiter"] = static async () =>
        {
            var limiter = new CapacityLimiter(1);
            limiter.TryAcquireOnBehalfOf(limiter, out _);
            return new(limiter.AcquireAsync(), () => limiter.ReleaseOnBehalfOf(limiter));
        },
        ["get"] = static async () =>
        {
            var queue = new AsyncQueue<string>();
            return new(queue.GetAsync(), () => queue.TryPut("item"));
        },
        ["put"] = static async () =>
        {
            var queue = new AsyncQueue<string>(1);
            queue.TryPut("first");
            return new(queue.PutAsync("second"), () => queue.TryGet(out _));
        },
        ["join"] = static async () =>
        {
            var queue = new AsyncQueue<string>();
            queue.TryPut("item");
            return new(queue.JoinAsync(), queue.TaskDone);
        },
        ["receive"] = static async () =>
        {
            var (sender, receiver) = MemoryChannel.Create<string>(1);
            return new(receiver.ReceiveAsync(), () => sender.TrySend("item"));
        },
        ["send"] = static async () =>
        {
            var (sender, receiver) = MemoryChannel.Create<string>(1);
            sender.TrySend("first");
            return new(sender.SendAsync("second"), () => receiver.TryReceive(out _));
        },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void Before_it_was_started_its_outcome_is_refused_and_it_can_still_be_awaited(string operation) => RunLoop(async () =>
    {
        await Loop.Yield();
        var waiting = await Makers[operation]();

        ShouldRefuse(waiting.Operation.GetAwaiter());

        waiting.End();
        await waiting.Operation;
    });

    [Theory]
    [MemberData(nameof(Operations))]
    public void While_it_waits_its_outcome_is_refused_and_the_wait_goes_on(string operation) => RunLoop(async () =>
    {
        await Loop.Yield();
        var waiting = await Makers[operation]();
        var awaiter = waiting.Operation.GetAwaiter();
        awaiter.IsCompleted.Should().BeFalse();
        ShouldRefuse(awaiter);
        var called = Loop.Current.CreateFuture();
        awaiter.OnCompleted(called.SetResult);
        ShouldRefuse(awaiter);

        waiting.End();
        await called;

        awaiter.GetResult();
    });

    [Theory]
    [MemberData(nameof(Operations))]
    public void Its_outcome_is_given_in_its_continuation_and_once(string operation) => RunLoop(async () =>
    {
        if (operation is "future")
        {
            return;      // which may be awaited any number of times
        }

        await Loop.Yield();
        var waiting = await Makers[operation]();
        var awaiter = waiting.Operation.GetAwaiter();
        awaiter.IsCompleted.Should().BeFalse();
        var called = Loop.Current.CreateFuture<Exception?>();
        awaiter.UnsafeOnCompleted(() =>
        {
            awaiter.GetResult();
            called.SetResult(Record.Exception(awaiter.GetResult));
        });

        waiting.End();

        (await called).Should().BeOfType<InvalidOperationException>();
    });

    [Theory]
    [MemberData(nameof(Operations))]
    public void A_second_continuation_is_refused_and_the_first_is_called(string operation) => RunLoop(async () =>
    {
        if (operation is "future" or "sleep" or "yield")
        {
            return;      // each of their continuations is a wait of its own
        }

        await Loop.Yield();
        var waiting = await Makers[operation]();
        var awaiter = waiting.Operation.GetAwaiter();
        awaiter.IsCompleted.Should().BeFalse();
        var called = Loop.Current.CreateFuture();
        awaiter.OnCompleted(called.SetResult);
        FluentActions.Invoking(() => awaiter.OnCompleted(() => Log.Add("second"))).Should().Throw<InvalidOperationException>();

        waiting.End();
        await called;

        awaiter.GetResult();
        Log.Should().BeEmpty();
    });

    [Fact]
    public void A_lock_that_somebody_else_holds_gives_no_releaser_to_whoever_asks_too_early() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        using (await mutex.AcquireAsync())
        {
            var awaiter = mutex.AcquireAsync().GetAwaiter();
            awaiter.IsCompleted.Should().BeFalse();
            awaiter.OnCompleted(() => awaiter.GetResult().Dispose());

            FluentActions.Invoking(() => awaiter.GetResult()).Should().Throw<InvalidOperationException>().WithMessage("*has not completed*Await it*");

            mutex.IsLocked.Should().BeTrue();
        }

        await Yields(2);
        mutex.IsLocked.Should().BeFalse();
    });

    [Fact]
    public void A_semaphore_without_permits_gives_none_to_whoever_asks_too_early() => RunLoop(async () =>
    {
        var semaphore = new AsyncSemaphore(0);
        var awaiter = semaphore.AcquireAsync().GetAwaiter();
        awaiter.IsCompleted.Should().BeFalse();

        FluentActions.Invoking(() => awaiter.GetResult()).Should().Throw<InvalidOperationException>();

        semaphore.CurrentCount.Should().Be(0);
        await Loop.Yield();
    });

    [Fact]
    public void The_next_call_shares_nothing_with_one_that_was_asked_too_early() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<string>();
        var early = queue.GetAsync().GetAwaiter();
        early.IsCompleted.Should().BeFalse();
        early.OnCompleted(() => Log.Add(early.GetResult()));
        FluentActions.Invoking(() => early.GetResult()).Should().Throw<InvalidOperationException>();

        var next = new AsyncQueue<string>();
        var innocent = Loop.CreateTask(next.GetAsync());
        await Loop.Yield();
        await Loop.Yield();
        queue.TryPut("for the early one");
        await Loop.Yield();
        await Loop.Yield();
        innocent.IsCompleted.Should().BeFalse();
        next.TryPut("for the innocent one");

        (await innocent).Should().Be("for the innocent one");
        Log.Should().Equal("for the early one");
    });

    [Fact]
    public void What_an_abandoned_look_found_does_not_meet_whoever_waits_next() => RunLoop(async () =>
    {
        // A look at IsCompleted that uses up the budget of the step is complete all the same, and gives way: to be awaited.
        Loop.StartSoon(async Coroutine () =>
        {
            var set = new AsyncEvent();
            set.Set();
            while (set.WaitAsync().GetAwaiter().IsCompleted)
            {
            }

            Log.Add("went away");
        });
        var gate = new AsyncLock();
        gate.TryAcquire();
        Loop.StartSoon(async Coroutine () =>
        {
            await Loop.Sleep(1);
            Log.Add("slept");
        });
        Loop.StartSoon(async Coroutine () =>
        {
            using (await gate.AcquireAsync())
            {
                Log.Add("inside");
            }
        });

        await Loop.Sleep(2);

        Log.Should().Equal("went away", "slept");
        gate.Release();
        await Loop.Yield();
    });

    [Fact]
    public void A_cancellation_that_somebody_asked_for_by_hand_and_left_is_thrown_at_nobody_else() => RunLoop(async () =>
    {
        var careless = Loop.CreateTask(async Coroutine () =>
        {
            Loop.CurrentTask!.Cancel();
            _ = Loop.Sleep(1).GetAwaiter().IsCompleted;      // it has: by a cancellation, which GetResult would throw
            Log.Add("went away");
        });
        var innocent = Loop.CreateTask(async Coroutine () =>
        {
            await Loop.Yield();
            Log.Add("went on");
        });

        await innocent;

        careless.IsCompleted.Should().BeTrue();
        Log.Should().Equal("went away", "went on");
    });

    [Fact]
    public void Where_no_loop_runs_the_outcome_of_a_sleep_or_yield_is_refused()
    {
        FluentActions.Invoking(() => Loop.Sleep(1).GetAwaiter().GetResult()).Should().Throw<InvalidOperationException>().WithMessage("*has not completed*");
        FluentActions.Invoking(() =>
            default(YieldAwaitable).GetAwaiter().GetResult()).Should().Throw<InvalidOperationException>().WithMessage("*has not completed*");
    }

    [Fact]
    public void What_has_ended_calls_a_continuation_that_nobody_had_to_leave() => RunLoop(async () =>
    {
        foreach (var ended in new[] { Coroutine.Completed, Coroutine.FromException(new InvalidDataException()), After(0, 1) })
        {
            var awaiter = ended.GetAwaiter();
            awaiter.IsCompleted.Should().BeTrue();
            var called = Loop.Current.CreateFuture();
            awaiter.OnCompleted(called.SetResult);
            await called;
            Log.Add(Record.Exception(awaiter.GetResult)?.GetType().Name ?? "ended");
        }

        Log.Should().Equal("ended", nameof(InvalidDataException), "ended");
    });

    [Fact]
    public void The_outcome_of_the_body_of_a_task_is_the_tasks() => RunLoop(async () =>
    {
        var gate = Loop.Current.CreateFuture();
        Coroutine body = Catch(gate);
        var task = Loop.CreateTask(body);
        await Loop.Yield();

        var awaiter = body.GetAwaiter();
        FluentActions.Invoking(() => awaiter.IsCompleted).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => awaiter.OnCompleted(() => Log.Add("called"))).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(awaiter.GetResult).Should().Throw<InvalidOperationException>();

        gate.SetResult();
        await task;
        Log.Should().BeEmpty();
    });

    private static void ShouldRefuse(CoroutineAwaiter awaiter) =>
        FluentActions.Invoking(awaiter.GetResult).Should().Throw<InvalidOperationException>().WithMessage("*has not completed*Await it*");
}
