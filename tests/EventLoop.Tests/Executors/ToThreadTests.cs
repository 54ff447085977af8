namespace EventLoop.Tests.Executors;

public sealed class ToThreadTests : LoopTest
{
    [Fact]
    public void ToThread_runs_the_work_on_another_thread_and_comes_back_to_the_loop() => RunLoop(async () =>
    {
        int loopThread = Environment.CurrentManagedThreadId;

        int workThread = await Loop.ToThread(static () => Environment.CurrentManagedThreadId);

        workThread.Should().NotBe(loopThread);
        Environment.CurrentManagedThreadId.Should().Be(loopThread);
    });

    [Fact]
    public void ToThread_runs_work_without_a_value() => RunLoop(async () =>
    {
        bool ran = false;
        await Loop.ToThread(() => { ran = true; });

        ran.Should().BeTrue();
    });

    [Fact]
    public void ToThread_passes_a_failure_on() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(Loop.ToThread(() => throw failure))).Should().BeSameAs(failure);
    });

    [Fact]
    public void The_loop_goes_on_while_the_work_runs() => RunLoop(async () =>
    {
        using var gate = new ManualResetEventSlim();
        LoopTask work = Loop.CreateTask(async () => await Loop.ToThread(() => gate.Wait(TimeSpan.FromSeconds(10))));
        await Yields(10);
        work.IsCompleted.Should().BeFalse();

        gate.Set();
        await work;
    });

    [Fact]
    public void ToThread_is_cold() => RunLoop(async () =>
    {
        int ran = 0;
        Coroutine<int> work = Loop.ToThread(() => Interlocked.Increment(ref ran));
        await Yields(3);
        Volatile.Read(ref ran).Should().Be(0);

        (await work).Should().Be(1);
    });

    [Fact]
    public void AsyncLocals_flow_into_the_work_and_not_back() => RunLoop(async () =>
    {
        var local = new AsyncLocal<string> { Value = "loop" };

        string? seen = await Loop.ToThread(() =>
        {
            string? before = local.Value;
            local.Value = "work";
            return before;
        });

        seen.Should().Be("loop");
        local.Value.Should().Be("loop");
    });

    [Fact]
    public void The_synchronization_context_of_the_loop_does_not_flow_into_the_work() => RunLoop(async () =>
        (await Loop.ToThread(static () => SynchronizationContext.Current)).Should().BeNull());

    [Fact]
    public void No_loop_runs_in_the_work() => RunLoop(async () =>
        (await Loop.ToThread(static () => Loop.TryGetCurrent(out _))).Should().BeFalse());

    [Fact]
    public void A_cancelled_waiter_goes_on_at_once_and_the_running_work_is_not_stopped() => RunLoop(async () =>
    {
        using var started = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        using var ended = new ManualResetEventSlim();
        LoopTask waiter = Loop.CreateTask(async () => await Loop.ToThread(() =>
        {
            started.Set();
            gate.Wait(TimeSpan.FromSeconds(10));
            ended.Set();
        }));
        await Loop.Yield();
        started.Wait(TimeSpan.FromSeconds(10));
        waiter.Cancel();

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>();
        ended.IsSet.Should().BeFalse();
        gate.Set();
        ended.Wait(TimeSpan.FromSeconds(10)).Should().BeTrue();
    });

    [Fact]
    public void Work_can_post_back_to_the_loop() => RunLoop(async () =>
    {
        Loop loop = Loop.Current;
        LoopFuture<int> future = loop.CreateFuture<int>();
        await Loop.ToThread(() => loop.Post(() => future.SetResult(5)));

        (await future).Should().Be(5);
    });

    [Fact]
    public void Many_pieces_of_work_can_be_gathered() => RunLoop(async () =>
        (await Loop.Gather(Enumerable.Range(0, 50).Select(static n => Loop.ToThread(() => n * n))))
            .Should().Equal(Enumerable.Range(0, 50).Select(static n => n * n)));

    [Fact]
    public void ShutdownDefaultExecutorAsync_waits_for_the_work_that_runs() => RunLoop(async () =>
    {
        using var gate = new ManualResetEventSlim();
        bool ended = false;
        LoopTask work = Loop.CreateTask(async () => await Loop.ToThread(() =>
        {
            gate.Wait(TimeSpan.FromSeconds(10));
            Volatile.Write(ref ended, true);
        }));
        await Yields(2);
        LoopTask shutdown = Loop.CreateTask(Loop.Current.ShutdownDefaultExecutorAsync());
        await Yields(5);
        shutdown.IsCompleted.Should().BeFalse();

        gate.Set();
        await shutdown;

        Volatile.Read(ref ended).Should().BeTrue();
        await work;
    });

    [Fact]
    public void After_ShutdownDefaultExecutorAsync_ToThread_is_refused() => RunLoop(async () =>
    {
        await Loop.Current.ShutdownDefaultExecutorAsync();

        (await Catch(Loop.ToThread(static () => 1))).Should().BeAssignableTo<InvalidOperationException>();
    });

    [Fact]
    public void A_failure_that_meets_the_cancellation_of_its_waiter_is_reported() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        using var go = new ManualResetEventSlim();
        LoopTask waiter = Loop.CreateTask(async () => await Loop.ToThread(() =>
        {
            go.Wait(TimeSpan.FromSeconds(10));
            throw failure;
        }));
        await Yields(3);
        go.Set();
        var core = Loop.Current.Core;      // on purpose without an await: the loop must not see the failure before the cancellation
        SpinWait.SpinUntil(() => !core.Inbox.IsEmpty, TimeSpan.FromSeconds(10)).Should().BeTrue();

        waiter.Cancel();

        (await Catch(waiter)).Should().BeOfType<LoopCanceledException>();
        for (int i = 0; i < 1000 && Reported.Count == 0; i++)
        {
            await Loop.Sleep(1);
        }

        Reported.Should().ContainSingle().Which.Exception.Should().BeSameAs(failure);
    });

    [Fact]
    public void ShutdownDefaultExecutorAsync_returns_whether_all_has_ended_in_time_and_throws_nothing() => RunLoop(async () =>
    {
        using var gate = new ManualResetEventSlim();
        LoopTask work = Loop.CreateTask(Loop.ToThread(() => gate.Wait(TimeSpan.FromSeconds(10))));
        await Yields(2);

        (await Loop.Current.ShutdownDefaultExecutorAsync(TimeSpan.Zero)).Should().BeFalse();
        (await Loop.Current.ShutdownDefaultExecutorAsync(TimeSpan.FromSeconds(-1))).Should().BeFalse();
        (await Loop.Current.ShutdownDefaultExecutorAsync(TimeSpan.FromMilliseconds(5))).Should().BeFalse();
        (await Catch(Loop.ToThread(static () => 1))).Should().BeAssignableTo<ObjectDisposedException>("it takes no more from the first call on");
        gate.Set();
        (await Loop.Current.ShutdownDefaultExecutorAsync()).Should().BeTrue();
        (await Loop.Current.ShutdownDefaultExecutorAsync(TimeSpan.Zero)).Should().BeTrue();
        await work;
    }, Options with { TimeProvider = TimeProvider.System });

    [Fact]
    public void ShutdownDefaultExecutorAsync_reports_what_the_disposal_of_an_executor_throws() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        Loop.Current.DefaultExecutor = new Undisposable(() => throw failure);
        (await Loop.Current.ShutdownDefaultExecutorAsync()).Should().BeFalse();
        Loop.Current.DefaultExecutor = new Undisposable(() => ValueTask.FromException(failure));
        (await Loop.Current.ShutdownDefaultExecutorAsync()).Should().BeFalse();

        Reported.Select(static context => context.Exception).Should().Equal(failure, failure);
    });

    private sealed class Undisposable(Func<ValueTask> end) : IExecutor
    {
        public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => end();
    }

    [Fact]
    public void Debug_mode_names_work_that_loses_the_task_of_an_asynchronous_function() => RunLoop(
        async () =>
        {
            var gate = new TaskCompletionSource();
            for (int i = 0; i < 3; i++)
            {
                await Loop.ToThread(async () => await gate.Task.ConfigureAwait(false));
            }

            gate.SetResult();
            await await Loop.ToThread(static () => Task.CompletedTask);

            Logger.Warnings.Should().ContainSingle().Which.Message.Should().Contain("Task that has not ended").And.Contain("ToThread");
        },
        DebugOptions);

    [Fact]
    public void The_handler_of_late_failures_has_nothing_of_the_flow_of_another_task() => RunLoop(
        async () =>
        {
            var user = new AsyncLocal<string?>();
            string? seen = null;
            Loop.Current.ExceptionHandler = (_, _) => seen = user.Value ?? "nobody";
            using ManualResetEventSlim begun = new(), released = new();
            var late = Loop.CreateTask(Loop.ToThread(() =>
            {
                begun.Set();
                released.Wait(TestContext.Current.CancellationToken);
                throw new InvalidDataException("late");
            }));
            while (!begun.IsSet)
            {
                await Loop.Yield();      // work that has not begun would be withdrawn
            }

            var busy = Loop.CreateTask(async Coroutine () =>
            {
                user.Value = "alice";
                while (true)
                {
                    await Loop.Yield();
                }
            });
            await Yields(3);
            late.Cancel();
            await Yields(3);
            released.Set();
            while (seen is null)
            {
                await Loop.Yield();
            }

            seen.Should().Be("nobody");
            busy.Cancel();
        });
}
