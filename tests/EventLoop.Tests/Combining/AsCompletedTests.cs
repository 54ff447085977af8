namespace EventLoop.Tests.Combining;

[UnderSeeds(50)]
public sealed class AsCompletedTests : LoopTest
{
    [Fact]
    public void Tasks_come_in_the_order_of_their_completion() => RunLoop(async () =>
    {
        List<int> order = [];
        await foreach (LoopTask<int> task in Loop.AsCompleted([After(9, 3), After(1, 1), After(5, 2)]))
        {
            order.Add(await task);
        }

        order.Should().Equal(1, 2, 3);
    });

    [Fact]
    public void The_token_of_an_enumeration_ends_it_while_it_waits_and_leaves_the_tasks_alone() => RunLoop(async () =>
    {
        using var source = new CancellationTokenSource();
        LoopTask[] tasks = [Loop.CreateTask(Yields(1)), Loop.CreateTask(Forever())];
        int count = 0;
        var canceled = await Catch(Loop.CreateTask(async Coroutine () =>
        {
            await foreach (LoopTask _ in Loop.AsCompleted(tasks).WithCancellation(source.Token))
            {
                count++;
                Loop.Current.CallLater(TimeSpan.FromMilliseconds(5), source.Cancel);
            }
        }));
        canceled.Should().BeOfType<LoopCanceledException>().Which.CancellationToken.Should().Be(source.Token);
        (count, tasks[1].IsCompleted).Should().Be((1, false));
        tasks[1].Cancel();
    });

    [Fact]
    public void The_original_tasks_come_back() => RunLoop(async () =>
    {
        LoopTask<int>[] tasks = [Loop.CreateTask(After(5, 1)), Loop.CreateTask(After(1, 2))];
        List<LoopTask<int>> order = [];
        await foreach (LoopTask<int> task in Loop.AsCompleted(tasks))
        {
            task.IsCompleted.Should().BeTrue();
            order.Add(task);
        }

        order.Should().Equal(tasks[1], tasks[0]);
    });

    [Fact]
    public void Coroutines_without_values_come_as_tasks()
    {
        RunLoop(async () =>
        {
            await foreach (LoopTask task in Loop.AsCompleted([Yields(5), Yields(1)]))
            {
                await task;
                Log.Add("one");
            }
        });

        Log.Should().Equal("one", "one");
    }

    [Fact]
    public void Failed_tasks_come_like_others_and_throw_when_awaited() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        List<Exception?> outcomes = [];
        await foreach (LoopTask<int> task in Loop.AsCompleted([ThrowAfter<int>(1, failure), After(3, 1)]))
        {
            outcomes.Add(await Catch(task));
        }

        outcomes.Should().Equal(failure, null);
    });

    [Fact]
    public void What_was_done_before_comes_first_in_the_order_given() => RunLoop(async () =>
    {
        LoopTask<int>[] tasks = [Loop.CreateTask(After(9, 1)), Loop.CreateTask(After(0, 2)), Loop.CreateTask(After(0, 3))];
        await Yields(2);
        List<int> order = [];
        await foreach (LoopTask<int> task in Loop.AsCompleted(tasks))
        {
            order.Add(task.Result);
        }

        order.Should().Equal(2, 3, 1);
    });

    [Fact]
    public void Nothing_gives_nothing() => RunLoop(async () =>
    {
        await foreach (LoopTask<int> task in Loop.AsCompleted(Array.Empty<LoopTask<int>>()))
        {
            Log.Add(task.Name);
        }

        Log.Should().BeEmpty();
    });

    [Fact]
    public void Coroutines_become_tasks_at_the_call() => RunLoop(async () =>
    {
        IAsyncEnumerable<LoopTask<int>> completed = Loop.AsCompleted([After(1, 1), After(1, 2)]);

        Loop.AllTasks().Should().HaveCount(3);
        await foreach (LoopTask<int> task in completed)
        {
            await task;
        }
    });

    [Fact]
    public void The_same_coroutine_twice_throws() => RunLoop(async () =>
    {
        Coroutine<int> coroutine = After(1, 1);

        Assert.Throws<InvalidOperationException>(() => { _ = Loop.AsCompleted([coroutine, coroutine]); });
        await Yields(5);
    });

    [Fact]
    public void A_timeout_throws_TimeoutException_and_cancels_nothing()
    {
        RunLoop(async () =>
        {
            LoopTask<int> slow = Loop.CreateTask(SleepFor(10));
            List<int> order = [];
            Exception? thrown = await Catch(Enumerate());

            thrown.Should().BeOfType<TimeoutException>();
            order.Should().Equal(1);
            slow.CancelRequests.Should().Be(0);
            (await slow).Should().Be(10);

            async Coroutine Enumerate()
            {
                await foreach (LoopTask<int> task in Loop.AsCompleted([slow, Loop.CreateTask(SleepFor(1))], Seconds(2)))
                {
                    order.Add(await task);
                }
            }
        }, JumpingTime);
    }

    [Fact]
    public void The_time_starts_at_the_call()
    {
        RunLoop(async () =>
        {
            LoopFuture<int> never = Loop.Current.CreateFuture<int>();
            IAsyncEnumerable<LoopFuture<int>> completed = Loop.AsCompleted([never], Seconds(2));
            Clock.Advance(Seconds(5));

            (await Catch(First(completed))).Should().BeOfType<TimeoutException>();
        }, ManualTime);

        static async Coroutine First(IAsyncEnumerable<LoopFuture<int>> completed)
        {
            await foreach (LoopFuture<int> one in completed)
            {
                await one;
            }
        }
    }

    [Fact]
    public void It_can_be_enumerated_once() => RunLoop(async () =>
    {
        IAsyncEnumerable<LoopTask<int>> completed = Loop.AsCompleted([After(1, 1)]);
        await Drain(completed);

        (await Catch(Drain(completed))).Should().BeOfType<InvalidOperationException>();

        static async Coroutine Drain(IAsyncEnumerable<LoopTask<int>> completed)
        {
            await foreach (LoopTask<int> task in completed)
            {
                await task;
            }
        }
    });

    [Fact]
    public void Leaving_the_loop_early_detaches_it_and_lets_the_others_run() => RunLoop(async () =>
    {
        LoopTask<int> slow = Loop.CreateTask(After(20, 2));
        await foreach (LoopTask<int> task in Loop.AsCompleted([slow, Loop.CreateTask(After(1, 1))]))
        {
            Log.Add($"{await task}");
            break;
        }

        Log.Should().Equal("1");
        slow.Awaiters.Should().BeEmpty();
        (await slow).Should().Be(2);
    });

    [Fact]
    public void A_cancelled_enumeration_is_interrupted_in_its_wait() => RunLoop(async () =>
    {
        LoopFuture<int> never = Loop.Current.CreateFuture<int>();
        LoopTask enumerator = Loop.CreateTask(async () =>
        {
            await foreach (LoopFuture<int> one in Loop.AsCompleted([never]))
            {
                await one;
            }
        });
        await Yields(2);
        enumerator.Cancel("why");

        (await Catch(enumerator)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("why");
    });

    private static async Coroutine<int> SleepFor(int seconds)
    {
        await Loop.Sleep(Seconds(seconds));
        return seconds;
    }
}
