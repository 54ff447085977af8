using System.Runtime.CompilerServices;

namespace EventLoop.Tests.Synchronization;

/// <summary>On which loop, thread and depth of the stack primitives are used; several calls of one operation at a time.</summary>
[UnderSeeds(50)]
public sealed class LoopBindingTests : LoopTest
{
    [Fact]
    public void An_operation_that_was_made_on_the_loop_cannot_be_awaited_on_another_thread() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        var (sender, receiver) = MemoryChannel.Create<int>(1);
        var limiter = new CapacityLimiter(1);
        for (int i = 0; i < 3; i++)      // the first calls find the loop, later ones know it
        {
            await queue.PutAsync(i);
            await queue.GetAsync();
            await sender.SendAsync(i);
            await receiver.ReceiveAsync();
            (await limiter.AcquireAsync()).Dispose();
        }

        Coroutine[] operations = [queue.PutAsync(1), queue.GetAsync(), sender.SendAsync(1), receiver.ReceiveAsync(), limiter.AcquireAsync(),
            new AsyncLock().AcquireAsync()];
        OnThread(() =>
        {
            foreach (var operation in operations)
            {
                FluentActions.Invoking(() =>
                    operation.GetAwaiter().IsCompleted).Should().Throw<InvalidOperationException>().WithMessage("*no running event loop*");
            }
        });

        queue.Count.Should().Be(0);
        limiter.BorrowedTokens.Should().Be(0);
        foreach (var operation in operations)
        {
            await Loop.WaitFor(operation, Seconds(1));       // the put serves the get, the send the receive
        }
    });

    [Fact]
    public void Try_forms_throw_on_another_thread_however_often_they_were_used_on_the_loop() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        for (int i = 0; i < 3; i++)
        {
            await queue.PutAsync(i);
        }

        OnThread(() =>
        {
            FluentActions.Invoking(() => queue.TryGet(out _)).Should().Throw<InvalidOperationException>().WithMessage("*Post*");
            FluentActions.Invoking(() => queue.TryPut(1)).Should().Throw<InvalidOperationException>().WithMessage("*Post*");
        });
        queue.Count.Should().Be(3);
    });

    [Fact]
    public void Another_loop_cannot_use_it_while_its_own_runs() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        await queue.PutAsync(1);
        await queue.PutAsync(2);
        OnThread(() => FluentActions.Invoking(() => Loop.Run(async () => { await queue.GetAsync(); }, Options))
            .Should().Throw<InvalidOperationException>().WithMessage("*another loop*"));
        (await queue.GetAsync()).Should().Be(1);
    });

    [Fact]
    public void A_condition_is_notified_between_two_runs_of_its_loop()
    {
        var condition = new AsyncCondition();
        using var loop = NewLoop();
        LoopTask? waiting = null;
        Releaser held = default;
        loop.RunUntilComplete(async Coroutine () =>
        {
            waiting = Loop.CreateTask(async Coroutine () =>
            {
                using (await condition.AcquireAsync())
                {
                    await condition.WaitAsync();
                }
            });
            await Yields(3);
            held = await condition.AcquireAsync();
        });
        condition.NotifyAll();
        held.Dispose();
        loop.RunUntilComplete(async Coroutine () => await waiting!);
        waiting!.IsCompleted.Should().BeTrue();
    }

    [Fact]
    public void A_condition_whose_lock_another_loop_holds_is_refused_before_anything_is_changed() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        using var held = await mutex.AcquireAsync();
        var condition = new AsyncCondition(mutex);
        bool unwound = false;
        OnThread(() => Loop.Run(async () =>
        {
            foreach (var use in new Func<Coroutine>[] { condition.WaitAsync, () => condition.WaitForAsync(static () => false) })
            {
                try
                {
                    (await Catch(use())).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("another loop");
                }
                finally
                {
                    unwound = true;
                }
            }

            FluentActions.Invoking(() => condition.Notify()).Should().Throw<InvalidOperationException>().WithMessage("*another loop*");
            condition.Statistics.Waiting.Should().Be(0);
        }, Options));
        unwound.Should().BeTrue();
        mutex.IsLocked.Should().BeTrue();
    });

    [Fact]
    public void Two_loops_of_one_thread_use_it_in_turn()
    {
        var queue = new AsyncQueue<int>();
        using var one = new Loop(Options);
        using var other = new Loop(Options);
        for (int i = 0; i < 6; i++)
        {
            (i % 2 == 0 ? one : other).RunUntilComplete(Use(i));
        }

        queue.Count.Should().Be(0);

        async Coroutine Use(int i)
        {
            var getting = Loop.CreateTask(queue.GetAsync());
            await Loop.Yield();
            await queue.PutAsync(i);
            (await getting).Should().Be(i);
        }
    }

    [Fact]
    public void Deep_in_the_stack_it_works_as_anywhere() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<string>(1);
        var mutex = new AsyncLock();
        for (int i = 0; i < 3; i++)
        {
            Coroutine put = default;
            Coroutine<string> get = default;
            Dive(300, () =>
            {
                queue.TryPut("try").Should().BeTrue();
                queue.TryGet(out string? item).Should().BeTrue();
                item.Should().Be("try");
                mutex.TryAcquire().Should().BeTrue();
                mutex.Statistics.Owner.Should().Be(Loop.CurrentTask);
                mutex.Release();
                put = queue.PutAsync("deep");
                get = queue.GetAsync();
                put.GetAwaiter().IsCompleted.Should().BeTrue();
            });
            queue.Count.Should().Be(1);
            (await get).Should().Be("deep");
        }

        await queue.PutAsync("after");
        (await queue.GetAsync()).Should().Be("after");
    });

    [Fact]
    public void Many_calls_of_one_operation_may_be_made_before_the_first_is_awaited() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        var puts = Enumerable.Range(0, 5).Select(i => queue.PutAsync(i)).ToList();
        var gets = Enumerable.Range(0, 5).Select(_ => queue.GetAsync()).ToList();
        foreach (var put in puts.AsEnumerable().Reverse())
        {
            await put;
        }

        var items = new List<int>();
        foreach (var get in gets)
        {
            items.Add(await get);
        }

        items.Should().Equal(4, 3, 2, 1, 0);
        foreach (var put in puts)
        {
            (await Catch(put)).Should().BeOfType<InvalidOperationException>("a coroutine runs once");
        }
    });

    [Fact]
    public void A_call_that_nobody_awaited_keeps_nothing_from_the_next_ones() => RunLoop(async () =>
    {
        var queue = new AsyncQueue<int>();
        for (int i = 0; i < 3; i++)
        {
            _ = queue.PutAsync(-1);
            _ = queue.GetAsync();
            await queue.PutAsync(i);
            (await queue.GetAsync()).Should().Be(i);
        }

        queue.Count.Should().Be(0);
    });

    // Some 300 bytes and more for each level.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Dive(int depth, Action work)
    {
        Span<byte> ballast = stackalloc byte[300];
        ballast.Fill((byte)depth);
        if (depth == 0)
        {
            work();
        }
        else
        {
            Dive(depth - 1, work);
        }

        ballast[^1].Should().Be((byte)depth);
    }

    [Fact]
    public void A_lock_that_a_task_of_a_closed_loop_holds_refuses_its_next_user_and_names_the_holder()
    {
        var mutex = new AsyncLock();
        var condition = new AsyncCondition(mutex);
        Leave("first", async () => await mutex.AcquireAsync(), "holder");

        RunLoop(async () =>
        {
            Action<InvalidOperationException> names = static refusal =>
                refusal.Message.Should().Contain("task 'holder'").And.Contain("loop 'first'").And.Contain("closed");
            names(Assert.Throws<InvalidOperationException>(() => { mutex.TryAcquire(); }));
            names((await Catch(mutex.AcquireAsync())).Should().BeOfType<InvalidOperationException>().Which);
            names((await Catch(condition.WaitAsync())).Should().BeOfType<InvalidOperationException>().Which);
            names((await Catch(condition.WaitForAsync(static () => true))).Should().BeOfType<InvalidOperationException>().Which);
            names(Assert.Throws<InvalidOperationException>(() => condition.Notify()));

            mutex.Release();
            using (await mutex.AcquireAsync())
            {
                mutex.Statistics.Owner.Should().BeSameAs(Loop.CurrentTask);
            }
        });
    }

    [Fact]
    public void A_lock_that_was_given_to_a_waiter_that_never_ran_again_names_that_waiter()
    {
        var mutex = new AsyncLock();
        using (var loop = new Loop(Options with { Name = "first" }))
        {
            Adopt(loop);
            loop.RunUntilComplete(async () =>
            {
                var held = await mutex.AcquireAsync();
                _ = Loop.CreateTask(async () => await mutex.AcquireAsync(), "heir");
                await Yields(2);
                held.Dispose();
            });
        }

        RunLoop(async () => (await Catch(mutex.AcquireAsync())).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("task 'heir'"));
    }

    [Fact]
    public void Who_waited_on_a_loop_that_was_closed_gets_nothing_on_the_next()
    {
        var queue = new AsyncQueue<int>();
        var full = new AsyncQueue<int>(1);
        var semaphore = new AsyncSemaphore(0);
        var limiter = new CapacityLimiter(1);
        var signal = new AsyncEvent();
        var condition = new AsyncCondition();
        var barrier = new AsyncBarrier(2);
        var (sender, receiver) = MemoryChannel.Create<int>(0);
        full.TryPut(1);
        limiter.TryAcquireOnBehalfOf(this, out _).Should().BeTrue();
        Leave("first", async () => await queue.GetAsync());
        Leave("second", async () => await full.PutAsync(2));
        Leave("third", async () => await semaphore.AcquireAsync());
        Leave("fourth", async () => await signal.WaitAsync());
        Leave("fifth", async () => await barrier.WaitAsync());
        Leave("sixth", async () => await receiver.ReceiveAsync());
        Leave("seventh", async () => await limiter.AcquireAsync());
        Leave("eighth", async () =>
        {
            using (await condition.AcquireAsync())
            {
                await condition.WaitAsync();
            }
        });
        RunLoop(async () =>
        {
            await queue.PutAsync(5);
            queue.TryGet(out int item).Should().BeTrue();
            item.Should().Be(5);
            (await full.GetAsync()).Should().Be(1);
            full.Count.Should().Be(0);
            semaphore.Release();
            semaphore.TryAcquire().Should().BeTrue();
            limiter.ReleaseOnBehalfOf(this);
            (await limiter.AcquireAsync()).Dispose();
            limiter.BorrowedTokens.Should().Be(0);
            signal.Statistics.Waiting.Should().Be(0);
            var waiting = Loop.CreateTask(barrier.WaitAsync());
            await Yields(2);
            waiting.IsCompleted.Should().BeFalse("nobody else is there");
            await barrier.WaitAsync();
            var sending = Loop.CreateTask(sender.SendAsync(7));
            await Yields(2);
            sending.IsCompleted.Should().BeFalse("nobody receives");
            (await receiver.ReceiveAsync()).Should().Be(7);
            using (await condition.AcquireAsync())
            {
                condition.Statistics.Waiting.Should().Be(0);
                condition.NotifyAll();
            }
        });
    }

    /// <summary>A loop that is closed while a task of it still runs.</summary>
    private void Leave(string loop, Func<Coroutine> waiter, string? name = null)
    {
        using var left = new Loop(Options with { Name = loop });
        Adopt(left);
        left.RunUntilComplete(async () =>
        {
            _ = Loop.CreateTask(async () =>
            {
                await waiter();
                await Forever();
            }, name);
            await Yields(3);
        });
    }
}
