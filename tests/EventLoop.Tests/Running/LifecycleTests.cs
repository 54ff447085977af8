using Microsoft.Extensions.Logging;

namespace EventLoop.Tests.Running;

public sealed class LifecycleTests : LoopTest
{
    public static TheoryData<string> SchedulingMembers => [.. Scheduling.Keys];

    private static Dictionary<string, Action<Loop>> Scheduling => new()
    {
        ["CallSoon"] = static loop => loop.CallSoon(static () => { }),
        ["CallSoon with state"] = static loop => loop.CallSoon(static _ => { }, 1),
        ["CallLater"] = static loop => loop.CallLater(TimeSpan.FromSeconds(1), static () => { }),
        ["CallLater with state"] = static loop => loop.CallLater(TimeSpan.FromSeconds(1), static _ => { }, 1),
        ["CallAt"] = static loop => loop.CallAt(TimeSpan.FromDays(1), static () => { }),
        ["Post"] = static loop => loop.Post(static () => { }),
        ["Post with state"] = static loop => loop.Post(static _ => { }, 1),
        ["Submit"] = static loop => _ = loop.Submit(static () => Loop.Sleep(0)),
        ["Submit of a Task method"] = static loop => _ = loop.Submit((Func<Task>)(static async () => await Loop.Sleep(0))),
        ["Spawn"] = static loop => _ = loop.Spawn(Loop.Sleep(0)),
        ["Spawn of a body"] = static loop => _ = loop.Spawn(static async () => await Loop.Sleep(0)),
        ["RunForever"] = static loop => loop.RunForever(),
        ["RunUntilComplete"] = static loop => loop.RunUntilComplete(Loop.Sleep(0)),
    };

    [Theory]
    [MemberData(nameof(SchedulingMembers))]
    public void A_closed_loop_throws_ObjectDisposedException_from(string member)
    {
        Loop loop = NewLoop();
        loop.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Scheduling[member](loop));
    }

    [Theory]
    [InlineData("Post")]
    [InlineData("Post with state")]
    [InlineData("Submit")]
    public void A_closed_loop_throws_ObjectDisposedException_on_any_thread_from(string member)
    {
        Loop loop = NewLoop();
        loop.Dispose();

        OnThread(() => Record.Exception(() => Scheduling[member](loop))).Should().BeOfType<ObjectDisposedException>();
    }

    [Fact]
    public void Ending_a_future_of_a_closed_loop_throws_because_nobody_would_hear_of_it()
    {
        Loop loop = NewLoop();
        LoopFuture plain = loop.CreateFuture();
        LoopFuture<int> withResult = loop.CreateFuture<int>();
        loop.Dispose();

        Assert.Throws<ObjectDisposedException>(plain.SetResult);
        Assert.Throws<ObjectDisposedException>(() => plain.TrySetException(new IOException()));
        Assert.Throws<ObjectDisposedException>(() => plain.Cancel());
        Assert.Throws<ObjectDisposedException>(() => withResult.SetResult(1));
        Assert.Throws<ObjectDisposedException>(() => withResult.Cancel());
        plain.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public void A_future_that_ended_before_its_loop_was_closed_answers_as_ever()
    {
        Loop loop = NewLoop();
        LoopFuture future = loop.CreateFuture();
        future.SetResult();
        loop.Dispose();

        future.TrySetResult().Should().BeFalse();
        future.Cancel().Should().BeFalse();
        Assert.Throws<InvalidOperationException>(future.SetResult).Should().NotBeOfType<ObjectDisposedException>();
    }

    [Fact]
    public void Stop_and_Dispose_of_a_closed_loop_do_nothing()
    {
        Loop loop = NewLoop();
        loop.Dispose();

        loop.Stop();
        loop.Dispose();

        loop.IsClosed.Should().BeTrue();
    }

    [Fact]
    public void Disposing_a_running_loop_throws_and_leaves_it_running()
    {
        RunLoop(async () =>
        {
            Assert.Throws<InvalidOperationException>(Loop.Current.Dispose).Should().NotBeOfType<ObjectDisposedException>();

            await Loop.Yield();
            Loop.Current.IsClosed.Should().BeFalse();
        });
    }

    [Fact]
    public void Dispose_reports_the_tasks_that_are_left()
    {
        Loop loop = NewLoop();
        LoopTask leftover = loop.RunUntilComplete(async () => Loop.CreateTask(Forever(), "leftover"));

        loop.Dispose();

        Reported.Should().ContainSingle().Which.Awaitable.Should().BeSameAs(leftover);
    }

    [Fact]
    public void A_continuation_that_NET_posts_to_a_closed_loop_runs_on_the_thread_pool_and_is_logged()
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var resumed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        RunLoopWithTask(async () => FireAndForget(source.Task, resumed));
        int before = Logger.Entries.Count;

        Record.Exception(source.SetResult).Should().BeNull();

        resumed.Task.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue("the continuation must not vanish");
        resumed.Task.Result.Should().BeTrue("it runs on the thread pool");
        SpinWait.SpinUntil(() => Logger.Entries.Skip(before).Any(static entry => entry.Level >= LogLevel.Debug), 10_000).Should().BeTrue();

        static async void FireAndForget(Task signal, TaskCompletionSource<bool> resumed)
        {
            await signal;
            resumed.SetResult(Thread.CurrentThread.IsThreadPoolThread);
        }
    }

    [Fact]
    public void A_post_through_the_captured_context_of_a_closed_loop_does_not_throw()
    {
        SynchronizationContext? captured = null;
        RunLoop(async () => { captured = SynchronizationContext.Current; });
        using var ran = new ManualResetEventSlim();

        captured.Should().NotBeNull();
        captured!.Post(_ => ran.Set(), null);

        ran.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
    }

    [Fact]
    public void The_context_of_a_task_never_runs_anything_inline_in_Post()
    {
        RunLoop(async () =>
        {
            SynchronizationContext.Current!.Post(_ => Log.Add("posted"), null);
            Log.Add("after Post");
            await Loop.Yield();
            await Loop.Yield();
        });

        Log.Should().Equal("after Post", "posted");
    }

    [Fact]
    public void No_synchronization_context_is_installed_while_the_loop_does_not_step()
    {
        OnThread(() =>
        {
            using Loop loop = NewLoop();
            loop.RunUntilComplete(Yields(1));

            SynchronizationContext.Current.Should().BeNull();
        });
    }

    [Fact]
    public void Every_task_has_a_synchronization_context_of_its_own() => RunLoop(async () =>
    {
        SynchronizationContext? child = await Loop.CreateTask(async () => SynchronizationContext.Current);

        child.Should().NotBeNull().And.NotBeSameAs(SynchronizationContext.Current);
    });

    [Fact]
    public void A_callback_that_a_closed_loop_did_not_come_to_is_never_run()
    {
        int ran = 0;
        var loop = new Loop(Options);
        loop.CallSoon(() => Interlocked.Increment(ref ran));
        loop.Post(() => Interlocked.Increment(ref ran));
        loop.Dispose();

        // Whatever the closing left to the thread pool has been taken up when as many more items as the pool has threads have run.
        Task.WhenAll(Enumerable.Range(0, 64).Select(static _ => Task.Run(static () => { }))).Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
        Volatile.Read(ref ran).Should().Be(0);
    }

    [Fact]
    public void An_async_void_method_that_outlives_its_loop_and_throws_is_reported_and_the_process_lives()
    {
        var failure = new InvalidDataException();
        var signal = new TaskCompletionSource();
        RunLoop(async () =>
        {
            Outlive();
            await Loop.Yield();
        });

        signal.SetResult();

        SpinWait.SpinUntil(() => Reported.Count > 0, 10_000).Should().BeTrue();
        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);

        async void Outlive()
        {
            await signal.Task;
            throw failure;
        }
    }

    [Fact]
    public void A_done_callback_cannot_be_added_when_the_loop_is_closed()
    {
        Loop loop = NewLoop();
        LoopFuture future = loop.CreateFuture();
        loop.Dispose();

        Assert.Throws<ObjectDisposedException>(() => future.AddDoneCallback(static _ => { }));
    }
}
