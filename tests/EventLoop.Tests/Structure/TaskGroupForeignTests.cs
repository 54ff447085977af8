using EventLoop.Scheduling;

namespace EventLoop.Tests.Structure;

/// <summary>Tasks of .NET's as children of a group.</summary>
public sealed class TaskGroupForeignTests : LoopTest
{
    [Fact]
    public void A_group_waits_for_tasks_of_dotnet_and_gives_their_results() => RunLoop(async () =>
    {
        var number = new TaskCompletionSource<int>();
        var plain = new TaskCompletionSource();
        LoopTask<int>? child = null;
        Loop.Current.CallLater(Seconds(1), () => number.SetResult(42));
        Loop.Current.CallLater(Seconds(2), plain.SetResult);
        double begun = Loop.Current.Time.TotalSeconds;
        await TaskGroup.Run(async group =>
        {
            child = group.CreateTask(number.Task, "number");
            group.StartSoon(plain.Task);
            LoopTask ended = group.CreateTask(Task.CompletedTask);
            await ended;
        });
        child!.Result.Should().Be(42);
        child.Name.Should().Be("number");
        (Loop.Current.Time.TotalSeconds - begun).Should().BeApproximately(2, 0.01);
    });

    [Fact]
    public void A_task_of_dotnet_that_fails_cancels_the_group_and_the_group_fails() => RunLoop(async () =>
    {
        var failing = new TaskCompletionSource();
        Loop.Current.CallLater(Seconds(1), () => failing.SetException(new InvalidOperationException("boom")));
        var failure = await Catch(TaskGroup.Run(async group =>
        {
            group.StartSoon(failing.Task);
            var other = group.CreateTask(async () =>
            {
                try
                {
                    await Forever();
                }
                finally
                {
                    Log.Add("the other child was cancelled");
                }
            });
            await other;
        }));
        failure.Should().BeOfType<AggregateException>().Which.InnerExceptions.Should().ContainSingle().Which.Message.Should().Be("boom");
        Log.Should().Equal("the other child was cancelled");
    });

    [Fact]
    public void A_group_that_is_cancelled_leaves_a_task_of_dotnet_alone_and_ends_at_once() => RunLoop(async () =>
    {
        Assert.SkipUnless(RuntimeTricks.MayReplaceAwaiters, "Switched off: a cancellation waits for what is awaited.");
        var endless = new TaskCompletionSource<string>();
        LoopTask<string>? child = null;
        var failure = await Catch(Loop.WaitFor(TaskGroup.Run(async group =>
        {
            child = group.CreateTask(endless.Task);
            group.StartSoon(endless.Task);
            await Loop.Yield();
        }), Seconds(1)));
        failure.Should().BeOfType<TimeoutException>();
        child!.IsCanceled.Should().BeTrue();
        endless.Task.IsCompleted.Should().BeFalse();
        endless.SetResult("late");
    });

    [Fact]
    public void A_group_takes_no_task_of_dotnet_that_is_none() => RunLoop(async () => await TaskGroup.Run(async group =>
    {
        group.Invoking(it => it.CreateTask((Task)null!)).Should().Throw<ArgumentNullException>();
        group.Invoking(it => it.CreateTask((Task<int>)null!)).Should().Throw<ArgumentNullException>();
        group.Invoking(it => it.StartSoon((Task)null!)).Should().Throw<ArgumentNullException>();
        await Loop.Yield();
    }));
}
