namespace EventLoop.Tests.Synchronization;

[UnderSeeds(50)]
public sealed class AsyncQueueTests : LoopTest
{
    [Fact]
    public void Items_come_out_in_the_order_in_which_they_went_in() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        await queue.PutAsync(1);
        queue.TryPut(2).Should().BeTrue();
        queue.Count.Should().Be(2);

        (await queue.GetAsync()).Should().Be(1);
        queue.TryGet(out int second).Should().BeTrue();
        second.Should().Be(2);
        queue.TryGet(out _).Should().BeFalse();
        queue.IsEmpty.Should().BeTrue();
        queue.IsFull.Should().BeFalse();
    });

    [Fact]
    public void A_stack_gives_the_last_item_first() => RunLoop(async () =>
    {
        var stack = new AsyncStack<int>();
        await stack.PutAsync(1);
        await stack.PutAsync(2);
        (await stack.GetAsync()).Should().Be(2);
        (await stack.GetAsync()).Should().Be(1);
    });

    [Fact]
    public void A_priority_queue_gives_the_least_first_and_equals_in_the_order_of_coming() => RunLoop(async () =>
    {
        var queue = new AsyncPriorityQueue<string, int>();
        var random = new Random(1);
        var items = Enumerable.Range(0, 200).Select(i => (Element: $"{i}", Priority: random.Next(10))).ToList();
        foreach ((string element, int priority) in items)
        {
            await queue.PutAsync(element, priority);
        }

        var taken = new List<(string Element, int Priority)>();
        while (queue.TryGet(out var item))
        {
            taken.Add(item);
        }

        taken.Should().Equal(items.OrderBy(static item => item.Priority));
        queue.TryPut("x", 1).Should().BeTrue();
        var backwards = new AsyncPriorityQueue<string, int>(comparer: Comparer<int>.Create(static (a, b) => b - a));
        await backwards.PutAsync("low", 1);
        await backwards.PutAsync("high", 2);
        (await backwards.GetAsync()).Should().Be(("high", 2));
    });

    [Fact]
    public void Nothing_is_put_or_taken_before_the_await() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        Coroutine put = queue.PutAsync(1);
        queue.Count.Should().Be(0);
        await put;
        Coroutine<int> get = queue.GetAsync();
        queue.Count.Should().Be(1);
        (await get).Should().Be(1);
        (await Catch(put)).Should().BeOfType<InvalidOperationException>("a coroutine runs once");
        (await Catch(get)).Should().BeOfType<InvalidOperationException>();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Getters_are_served_in_order_and_Try_forms_overtake_nobody() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        LoopTask<int> first = Loop.CreateTask(queue.GetAsync());
        LoopTask<int> second = Loop.CreateTask(queue.GetAsync());
        await Loop.Yield();
        queue.Statistics.Getters.Should().Equal(first, second);
        first.WaitingOn.Should().Be("queue (for an item)");

        await queue.PutAsync(1);
        queue.TryGet(out _).Should().BeFalse("it belongs to the first getter");
        await queue.PutAsync(2);
        queue.Count.Should().Be(0);

        (await first).Should().Be(1);
        (await second).Should().Be(2);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Putters_wait_for_room_and_are_taken_in_in_order() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>(1);
        await queue.PutAsync(1);
        queue.IsFull.Should().BeTrue();
        queue.TryPut(9).Should().BeFalse();
        LoopTask second = Loop.CreateTask(queue.PutAsync(2));
        LoopTask third = Loop.CreateTask(queue.PutAsync(3));
        await Loop.Yield();
        queue.Statistics.Putters.Should().Equal(second, third);
        second.WaitingOn.Should().Be("queue (for room)");

        (await queue.GetAsync()).Should().Be(1);
        queue.TryPut(9).Should().BeFalse("the place belongs to the first putter");
        await second;
        (await queue.GetAsync()).Should().Be(2);
        (await queue.GetAsync()).Should().Be(3);
        await third;
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void An_item_given_to_a_getter_is_delivered_even_if_it_is_cancelled_in_the_same_turn() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<string>();
        LoopTask<string> getter = Loop.CreateTask(queue.GetAsync());
        await Loop.Yield();

        queue.TryPut("item").Should().BeTrue();
        getter.Cancel();
        queue.Shutdown(immediate: true);

        (await getter).Should().Be("item");
        queue.Statistics.UnfinishedItems.Should().Be(1, "it was put and is not done");
    });

    [Fact]
    public void An_item_given_to_a_getter_is_delivered_even_if_its_time_runs_out_in_the_same_turn() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<string>();
        LoopTask<string> getter = Loop.CreateTask(Loop.WaitFor(queue.GetAsync(), Seconds(1)));
        await Loop.Yield();

        queue.TryPut("item");
        Clock.Advance(Seconds(2));

        (await getter).Should().Be("item");
    }, ManualTime);

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_put_that_was_taken_in_has_succeeded_even_if_it_is_cancelled_in_the_same_turn() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>(1);
        await queue.PutAsync(1);
        LoopTask putter = Loop.CreateTask(queue.PutAsync(2));
        await Loop.Yield();

        queue.TryGet(out _);
        putter.Cancel();

        await putter;
        (await queue.GetAsync()).Should().Be(2);
    });

    [Fact]
    public void A_cancelled_getter_takes_nothing_and_a_cancelled_putter_puts_nothing() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>(1);
        LoopTask<int> leaver = Loop.CreateTask(queue.GetAsync());
        LoopTask<int> stayer = Loop.CreateTask(queue.GetAsync());
        await Loop.Yield();
        leaver.Cancel();
        await queue.PutAsync(1);
        (await stayer).Should().Be(1);
        (await Catch(leaver)).Should().BeOfType<LoopCanceledException>();

        await queue.PutAsync(2);
        LoopTask putter = Loop.CreateTask(queue.PutAsync(3));
        LoopTask patient = Loop.CreateTask(queue.PutAsync(4));
        await Loop.Yield();
        putter.Cancel();
        (await queue.GetAsync()).Should().Be(2);
        (await queue.GetAsync()).Should().Be(4);
        await patient;
        (await Catch(putter)).Should().BeOfType<LoopCanceledException>();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Join_waits_until_every_item_is_done() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        await queue.JoinAsync();
        await queue.PutAsync(1);
        await queue.PutAsync(2);
        LoopTask join = Loop.CreateTask(queue.JoinAsync());
        LoopTask leaver = Loop.CreateTask(queue.JoinAsync());
        await Loop.Yield();
        queue.Statistics.Joiners.Should().Equal(join, leaver);
        join.WaitingOn.Should().Be("queue (2 items to be done)");
        leaver.Cancel();

        await queue.GetAsync();
        await queue.GetAsync();
        queue.TaskDone();
        await Loop.Yield();
        join.IsCompleted.Should().BeFalse();
        queue.TaskDone();
        await join;

        FluentActions.Invoking(queue.TaskDone).Should().Throw<InvalidOperationException>();
        (await Catch(leaver)).Should().BeOfType<LoopCanceledException>();
    });

    [Fact]
    public void An_item_that_was_handed_over_counts_for_Join() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        LoopTask<int> getter = Loop.CreateTask(queue.GetAsync());
        await Loop.Yield();
        await queue.PutAsync(1);
        LoopTask join = Loop.CreateTask(queue.JoinAsync());
        await getter;
        await Loop.Yield();
        join.IsCompleted.Should().BeFalse();
        queue.TaskDone();
        await join;
    });

    [Fact]
    public void After_a_shutdown_nothing_goes_in_and_what_is_in_comes_out() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>(2);
        await queue.PutAsync(1);
        await queue.PutAsync(2);
        LoopTask putter = Loop.CreateTask(queue.PutAsync(3));
        await Loop.Yield();

        queue.Shutdown();
        queue.IsShutDown.Should().BeTrue();

        (await Catch(putter)).Should().BeOfType<QueueShutDownException>();
        (await Catch(queue.PutAsync(4))).Should().BeOfType<QueueShutDownException>();
        FluentActions.Invoking(() => queue.TryPut(4)).Should().Throw<QueueShutDownException>();
        (await queue.GetAsync()).Should().Be(1);
        queue.TryGet(out _).Should().BeTrue();
        (await Catch(queue.GetAsync())).Should().BeOfType<QueueShutDownException>();
        FluentActions.Invoking(() => queue.TryGet(out _)).Should().Throw<QueueShutDownException>();
    });

    [Fact]
    public void An_immediate_shutdown_drops_what_is_in_and_lets_joiners_go() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        await queue.PutAsync(1);
        await queue.PutAsync(2);
        LoopTask join = Loop.CreateTask(queue.JoinAsync());
        await Loop.Yield();

        queue.Shutdown();
        queue.Shutdown(immediate: true);

        await join;
        queue.Count.Should().Be(0);
        (await Catch(queue.GetAsync())).Should().BeOfType<QueueShutDownException>();
    });

    [Fact]
    public void Shutdown_wakes_waiting_getters_once() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        var getters = Enumerable.Range(0, 3).Select(_ => Loop.CreateTask(Catch(queue.GetAsync()))).ToList();
        await Loop.Yield();
        queue.Shutdown();
        queue.Shutdown();
        (await Loop.Gather(getters)).Should().AllBeOfType<QueueShutDownException>();
        queue.Statistics.Getters.Should().BeEmpty();
    });

    [Fact]
    public void Await_foreach_ends_when_the_queue_is_shut_down_and_empty() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>(2);
        LoopTask producer = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < 10; i++)
            {
                await queue.PutAsync(i);
            }

            await Yields(3);
            queue.Shutdown();
        });
        var taken = new List<int>();
        await foreach (int item in queue)
        {
            taken.Add(item);
        }

        taken.Should().Equal(Enumerable.Range(0, 10));
        await producer;
        await foreach (int item in queue)
        {
            taken.Add(item);
        }

        taken.Should().HaveCount(10);
    });

    [Fact]
    public void A_cancellation_interrupts_an_await_foreach() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        LoopTask consumer = Loop.CreateTask(async () =>
        {
            await foreach (int item in queue)
            {
                Log.Add($"{item}");
            }
        });
        await Loop.Yield();
        await queue.PutAsync(1);
        await Yields(2);
        consumer.Cancel();
        (await Catch(consumer)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("1");
        queue.Statistics.Getters.Should().BeEmpty();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_task_in_an_await_foreach_says_what_it_waits_for_and_ordinary_async_methods_stay_in_their_task() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        LoopTask coroutine = Loop.CreateTask(async () =>
        {
            await foreach (int item in queue)
            {
                Log.Add($"coroutine {item} {Loop.CurrentTask!.Name}");
            }
        }, "one");
        LoopTask method = Loop.CreateTask(async Task () =>
        {
            await foreach (int item in queue)
            {
                Log.Add($"method {item} {Loop.CurrentTask!.Name}");
            }
        }, "two");
        await Loop.Yield();
        coroutine.WaitingOn.Should().Be("queue (for an item)");
        method.WaitingOn.Should().Be("queue (for an item)");

        queue.TryPut(1);
        queue.TryPut(2);
        await Yields(2);
        queue.Shutdown();
        await coroutine;
        await method;

        Log.Should().Equal("coroutine 1 one", "method 2 two");
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void An_enumerator_that_is_driven_by_hand_gives_its_item_also_when_it_is_awaited_late() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        await using IAsyncEnumerator<int> items = queue.GetAsyncEnumerator();
        ValueTask<bool> move = items.MoveNextAsync();
        FluentActions.Invoking(() => items.MoveNextAsync()).Should().Throw<InvalidOperationException>();
        queue.TryPut(1);
        await Loop.Yield();

        move.IsCompleted.Should().BeTrue();
        (await move).Should().BeTrue();
        items.Current.Should().Be(1);
        queue.Shutdown();
        (await items.MoveNextAsync()).Should().BeFalse();
        (await items.MoveNextAsync()).Should().BeFalse();
    });

    [Fact]
    public void A_token_interrupts_an_await_foreach() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        using var source = new CancellationTokenSource();
        LoopTask<Exception?> consumer = Loop.CreateTask(Catch(Consume()));
        await Loop.Yield();
        await queue.PutAsync(1);
        await Yields(2);
        OnThread(source.Cancel);

        (await consumer).Should().BeOfType<OperationCanceledException>().Which.CancellationToken.Should().Be(source.Token);
        queue.Statistics.Getters.Should().BeEmpty();

        async Coroutine Consume()
        {
            await foreach (int item in queue.WithCancellation(source.Token))
            {
                item.Should().Be(1);
            }
        }
    });

    [Fact]
    public void Items_put_before_the_loop_runs_are_there()
    {
        var queue = new AsyncQueue<int>();
        queue.TryPut(1).Should().BeTrue();
        RunLoop(async () => (await queue.GetAsync()).Should().Be(1));
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Other_threads_put_through_Post() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        Loop loop = Loop.Current;
        LoopTask<int> getter = Loop.CreateTask(queue.GetAsync());
        await Loop.Yield();
        OnThread(() =>
        {
            FluentActions.Invoking(() => queue.TryPut(1)).Should().Throw<InvalidOperationException>().WithMessage("*Post*");
            loop.Post(() => queue.TryPut(2));
        });
        (await getter).Should().Be(2);
    });

    [Fact]
    public void Fairness_holds_between_a_busy_producer_and_its_consumer() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        int most = 0;
        LoopTask consumer = Loop.CreateTask(async () =>
        {
            for (int i = 0; i < 2000; i++)
            {
                (await queue.GetAsync()).Should().Be(i);
            }
        });
        for (int i = 0; i < 2000; i++)
        {
            await queue.PutAsync(i);
            most = Math.Max(most, queue.Count);
        }

        await consumer;
        most.Should().BeLessThan(300, "a put that never waits gives way after 128 in one step");
    });

    [Fact]
    public void A_negative_capacity_throws()
    {
        FluentActions.Invoking(() => new AsyncQueue<int>(-1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new AsyncStack<int>(-1)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => new AsyncPriorityQueue<int, int>(-1)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void A_comparer_that_throws_fails_the_operation_and_loses_no_item() => RunLoop(async () =>
    {
        int left = int.MaxValue;
        var comparer = Comparer<int>.Create((a, b) => --left < 0 ? throw new InvalidOperationException("incomparable") : a.CompareTo(b));
        for (int failing = 0; failing < 12; failing++)
        {
            left = int.MaxValue;
            var queue = new AsyncPriorityQueue<string, int>(comparer: comparer);
            for (int i = 20; i > 0; i--)
            {
                await queue.PutAsync($"{i}", i);
            }

            left = failing;
            bool put = await Catch(queue.PutAsync("0", 0)) is null;
            left = failing;
            string? taken = await Catch(TakeOne(queue)) is null ? Log[^1] : null;

            left = int.MaxValue;
            List<string> rest = [];
            while (queue.TryGet(out var item))
            {
                rest.Add(item.Element);
            }

            IEnumerable<string> all = Enumerable.Range(put ? 0 : 1, put ? 21 : 20).Select(static i => $"{i}");
            (taken is null ? rest : rest.Prepend(taken)).Should().Equal(all, $"{failing} comparisons went well");
        }

        async Coroutine TakeOne(AsyncPriorityQueue<string, int> queue) => Log.Add((await queue.GetAsync()).Element);
    });

    [Fact]
    public void A_comparer_that_does_not_take_the_item_of_a_waiting_putter_fails_the_putter_and_not_the_getter() => RunLoop(async () =>
    {
        var comparer = Comparer<int>.Create(static (a, b) => a == 13 || b == 13 ? throw new InvalidOperationException("incomparable") : a.CompareTo(b));
        var queue = new AsyncPriorityQueue<string, int>(2, comparer);
        await queue.PutAsync("one", 1);
        await queue.PutAsync("two", 2);
        LoopTask putter = Loop.CreateTask(queue.PutAsync("thirteen", 13));
        await Yields(2);
        LoopTask next = Loop.CreateTask(queue.PutAsync("three", 3));
        await Yields(2);

        (await queue.GetAsync()).Element.Should().Be("one");

        queue.Count.Should().Be(2, "the room is the next putter's, and nobody overtakes");
        (await Catch(putter)).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Be("incomparable");
        await next;
        (await queue.GetAsync()).Element.Should().Be("two");
        (await queue.GetAsync()).Element.Should().Be("three");
    });
}
