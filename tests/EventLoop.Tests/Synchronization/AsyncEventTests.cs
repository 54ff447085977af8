namespace EventLoop.Tests.Synchronization;

[UnderSeeds(50)]
public sealed class AsyncEventTests : LoopTest
{
    [Fact]
    public void A_set_event_makes_nobody_wait() => RunLoop(async () =>
    {
        var ready = new AsyncEvent();
        ready.Set();
        ready.IsSet.Should().BeTrue();

        await ready.WaitAsync();
        await ready.WaitAsync();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Set_wakes_everybody_in_the_order_of_their_coming() => RunLoop(async () =>
    {
        var ready = new AsyncEvent();
        var tasks = Enumerable.Range(0, 4).Select(i => Loop.CreateTask(Wait(i))).ToList();
        await Loop.Yield();
        ready.Statistics.WaitingTasks.Should().Equal(tasks);
        tasks[0].WaitingOn.Should().Be("event");

        ready.Set();
        await Loop.Gather(tasks);

        Log.Should().Equal("0", "1", "2", "3");

        async Coroutine Wait(int i)
        {
            await ready.WaitAsync();
            Log.Add($"{i}");
        }
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Clear_right_after_Set_takes_no_wake_up_back() => RunLoop(async () =>
    {
        var ready = new AsyncEvent();
        LoopTask early = Loop.CreateTask(ready.WaitAsync());
        await Loop.Yield();

        ready.Set();
        ready.Clear();
        LoopTask late = Loop.CreateTask(ready.WaitAsync());
        await early;
        await Loop.Yield();

        late.Status.Should().Be(LoopTaskStatus.Waiting);
        late.Cancel();
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void A_cancelled_waiter_leaves_and_one_that_was_woken_returns() => RunLoop(async () =>
    {
        var ready = new AsyncEvent();
        LoopTask leaver = Loop.CreateTask(ready.WaitAsync());
        LoopTask woken = Loop.CreateTask(async () =>
        {
            await ready.WaitAsync();
            Log.Add("returned");
            await Loop.Yield();
            Log.Add("never");
        });
        await Loop.Yield();

        leaver.Cancel();
        ready.Set();
        woken.Cancel();

        (await Catch(leaver)).Should().BeOfType<LoopCanceledException>();
        (await Catch(woken)).Should().BeOfType<LoopCanceledException>();
        Log.Should().Equal("returned");
        ready.Statistics.Waiting.Should().Be(0);
    });

    [OneSchedule("it states, or stages its scene by, the order first in, first out")]
    [Fact]
    public void Other_threads_set_it_through_Post() => RunLoop(async () =>
    {
        var ready = new AsyncEvent();
        Loop loop = Loop.Current;
        LoopTask waiter = Loop.CreateTask(ready.WaitAsync());
        await Loop.Yield();
        OnThread(() => FluentActions.Invoking(ready.Set).Should().Throw<InvalidOperationException>().WithMessage("*Post*"));

        OnThread(() => loop.Post(ready.Set));
        await waiter;
    });
}
