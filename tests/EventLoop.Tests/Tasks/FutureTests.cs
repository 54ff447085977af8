namespace EventLoop.Tests.Tasks;

[UnderSeeds(50)]
public sealed class FutureTests : LoopTest
{
    [Fact]
    public void A_future_gives_its_result_to_every_awaiter() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        LoopTask<int>[] awaiters = [Loop.CreateTask(async () => await future), Loop.CreateTask(async () => await future)];
        await Loop.Yield();
        future.SetResult(6);

        (await awaiters[0]).Should().Be(6);
        (await awaiters[1]).Should().Be(6);
        future.Result.Should().Be(6);
    });

    [Fact]
    public void SetResult_never_runs_an_awaiter_inline()
    {
        RunLoop(async () =>
        {
            LoopFuture future = Loop.Current.CreateFuture();
            LoopTask awaiter = Loop.CreateTask(async () =>
            {
                await future;
                Log.Add("awaiter");
            });
            await Loop.Yield();
            future.SetResult();
            Log.Add("after SetResult");
            await awaiter;
        });

        Log.Should().Equal("after SetResult", "awaiter");
    }

    [Fact]
    public void SetException_reaches_every_awaiter_as_the_same_exception() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        future.SetException(failure);

        (await Catch(future)).Should().BeSameAs(failure);
        (await Catch(future)).Should().BeSameAs(failure);
        Assert.Throws<InvalidDataException>(() => future.Result).Should().BeSameAs(failure);
        future.IsFaulted.Should().BeTrue();
        future.Exception.Should().BeSameAs(failure);
    });

    [Fact]
    public void A_second_completion_throws_and_changes_nothing() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        future.SetResult(1);

        Assert.Throws<InvalidOperationException>(() => future.SetResult(2)).Message.Should().Contain("TrySet");
        Assert.Throws<InvalidOperationException>(() => future.SetException(new InvalidDataException()));

        (await future).Should().Be(1);
    });

    [Fact]
    public void A_second_completion_of_a_future_without_a_value_throws() => RunLoop(async () =>
    {
        LoopFuture future = Loop.Current.CreateFuture();
        future.SetResult();

        Assert.Throws<InvalidOperationException>(future.SetResult);
        Assert.Throws<InvalidOperationException>(() => future.SetException(new InvalidDataException()));
        future.IsCompletedSuccessfully.Should().BeTrue();
    });

    [Fact]
    public void Completing_a_cancelled_future_throws() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        future.Cancel();

        Assert.Throws<InvalidOperationException>(() => future.SetResult(2));
        future.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void The_Try_forms_complete_once_and_say_so() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();

        future.TrySetResult(1).Should().BeTrue();
        future.TrySetResult(2).Should().BeFalse();
        future.TrySetException(new InvalidDataException()).Should().BeFalse();
        future.Cancel().Should().BeFalse();

        future.Result.Should().Be(1);
    });

    [Fact]
    public void TrySetException_completes_an_unfinished_future() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        LoopFuture future = Loop.Current.CreateFuture();

        future.TrySetException(failure).Should().BeTrue();

        (await Catch(future)).Should().BeSameAs(failure);
    });

    [Fact]
    public void Cancel_throws_its_reason_at_every_awaiter() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        LoopTask<Exception?> awaiter = Loop.CreateTask(async () => await Catch(future));
        await Loop.Yield();

        future.Cancel("changed my mind").Should().BeTrue();

        (await awaiter).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("changed my mind");
        future.CancelReason.Should().Be("changed my mind");
    });

    [Fact]
    public void Result_of_an_unfinished_future_throws() => RunLoop(async () =>
        Assert.Throws<InvalidOperationException>(() => Loop.Current.CreateFuture<int>().Result).Message.Should().ContainEquivalentOf("await"));

    [Fact]
    public void Cancelling_a_task_that_awaits_a_future_cancels_the_future() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        LoopTask awaiter = Loop.CreateTask(async () => await future);
        await Loop.Yield();

        awaiter.Cancel();
        await Catch(awaiter);

        future.IsCanceled.Should().BeTrue();
    });

    [Fact]
    public void Awaiting_a_finished_future_takes_no_turn() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        future.SetResult(1);
        long turns = Loop.Current.Statistics.Turns;

        await future;

        Loop.Current.Statistics.Turns.Should().Be(turns);
    });

    [Fact]
    public void A_future_made_by_its_constructor_belongs_to_the_running_loop() => RunLoop(async () =>
    {
        new LoopFuture().Loop.Should().BeSameAs(Loop.Current);
        new LoopFuture<int>().Loop.Should().BeSameAs(Loop.Current);
    });

    [Fact]
    public void A_future_can_be_made_for_a_loop_that_does_not_run()
    {
        using Loop loop = NewLoop();

        new LoopFuture<int>(loop).Loop.Should().BeSameAs(loop);
    }

    [Fact]
    public void A_future_without_a_loop_cannot_be_made() => Assert.Throws<InvalidOperationException>(() => new LoopFuture<int>());

    [Fact]
    public void Completing_a_future_on_another_thread_throws_and_points_to_Post() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();

        OnThread(() => Record.Exception(() => future.SetResult(1))).Should().BeOfType<InvalidOperationException>()
            .Which.Message.Should().Contain("Post");
        future.IsCompleted.Should().BeFalse();
    });

    [Fact]
    public void Cancelling_a_task_on_another_thread_throws_and_points_to_Post() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Forever());

        OnThread(() => Record.Exception(() => { task.Cancel(); })).Should().BeOfType<InvalidOperationException>()
            .Which.Message.Should().Contain("Post");
        task.CancelRequests.Should().Be(0);
    });

    [Fact]
    public void Awaiting_a_future_of_another_loop_throws()
    {
        using Loop other = NewLoop();
        LoopFuture<int> foreign = other.CreateFuture<int>();
        using Loop loop = NewLoop();

        loop.RunUntilComplete(async () => await Catch(foreign)).Should().BeOfType<InvalidOperationException>();
    }

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_future_names_the_tasks_that_await_it() => RunLoop(async () =>
    {
        LoopFuture future = Loop.Current.CreateFuture();
        LoopTask first = Loop.CreateTask(async () => await future);
        LoopTask second = Loop.CreateTask(async () => await future);
        future.Awaiters.Should().BeEmpty();
        await Loop.Yield();

        future.Awaiters.Should().Equal(first, second);
        first.Awaiting.Should().BeSameAs(future);

        future.SetResult();
        await second;
        future.Awaiters.Should().BeEmpty();
        first.Awaiting.Should().BeNull();
    });

    [Fact]
    public void A_future_set_by_another_thread_through_Post_wakes_the_waiter() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        LoopFuture<int> future = loop.CreateFuture<int>();
        var thread = new Thread(() => loop.Post(static f => f.SetResult(3), future));
        thread.Start();

        (await future).Should().Be(3);
    });

    [Fact]
    public void AsTask_of_a_future_gives_its_result() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        Task<int> task = future.AsTask();
        future.SetResult(4);

        (await task).Should().Be(4);
    });

    [Fact]
    public void Whoever_asks_a_future_for_a_Task_while_it_is_pending_shares_one_on_whichever_thread() => RunLoop(async () =>
    {
        var future = new LoopFuture<int>();
        Task<int> task = future.AsTask();
        Task plain = ((LoopAwaitable)future).AsTask();
        for (int i = 0; i < 3; i++)
        {
            future.AsTask().Should().BeSameAs(task);
            OnThread(future.AsTask).Should().BeSameAs(task);
            OnThread(((LoopAwaitable)future).AsTask).Should().BeSameAs(plain);
        }

        new LoopFuture<int>().AsTask().Should().NotBeSameAs(task, "it is another one's");
        future.SetResult(5);
        (await task).Should().Be(5);
        await plain;
        (await future.AsTask()).Should().Be(5);
    });

    [Fact]
    public void AsCoroutine_of_a_future_waits_for_it() => RunLoop(async () =>
    {
        LoopFuture<int> future = Loop.Current.CreateFuture<int>();
        Loop.Current.CallSoon(() => future.SetResult(4));

        (await future.AsCoroutine()).Should().Be(4);
    });
}
