namespace EventLoop.Tests.Executors;

public sealed class RunInExecutorTests : LoopTest
{
    [Fact]
    public void RunInExecutor_uses_the_executor_given()
    {
        var executor = new RecordingExecutor();

        RunLoop(async () => (await Loop.RunInExecutor(executor, static () => 5)).Should().Be(5));

        executor.Submitted.Should().Be(1);
    }

    [Fact]
    public void RunInExecutor_without_one_uses_the_default_executor()
    {
        var executor = new RecordingExecutor();

        RunLoop(async () =>
        {
            (await Loop.RunInExecutor(null, static () => 5)).Should().Be(5);
            (await Loop.ToThread(static () => 6)).Should().Be(6);
        }, Options with { DefaultExecutor = executor });

        executor.Submitted.Should().Be(2);
    }

    [Fact]
    public void The_default_executor_can_be_replaced() => RunLoop(async () =>
    {
        var executor = new RecordingExecutor();
        Loop.Current.DefaultExecutor = executor;
        await Loop.ToThread(static () => { });

        executor.Submitted.Should().Be(1);
        Loop.Current.DefaultExecutor.Should().BeSameAs(executor);
    });

    [Fact]
    public void RunInExecutor_itself_flows_the_AsyncLocals() => RunLoop(async () =>
    {
        var local = new AsyncLocal<string> { Value = "loop" };
        var executor = new RecordingExecutor();

        string? seen = await Loop.RunInExecutor(executor, () => local.Value);

        seen.Should().Be("loop", "also through an executor that does not flow them by itself");
    });

    [Fact]
    public void RunInExecutor_passes_a_token_that_withdraws_work_not_yet_begun() => RunLoop(async () =>
    {
        var executor = new HoldingExecutor();
        LoopTask waiter = Loop.CreateTask(async () => await Loop.RunInExecutor(executor, static () => 5));
        await Yields(2);
        executor.Token.CanBeCanceled.Should().BeTrue();

        waiter.Cancel();
        await Catch(waiter);

        executor.Token.IsCancellationRequested.Should().BeTrue();
    }, Options with { ShutdownTimeout = TimeSpan.FromMilliseconds(10) });      // the work is held for ever

    [Fact]
    public void An_executor_that_throws_at_once_fails_the_await() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(Loop.RunInExecutor(new ThrowingExecutor(failure), static () => 5))).Should().BeSameAs(failure);
    });

    [Fact]
    public void RunInExecutor_runs_an_action() => RunLoop(async () =>
    {
        bool ran = false;
        await Loop.RunInExecutor(new RecordingExecutor(), () => { ran = true; });

        ran.Should().BeTrue();
    });

    /// <summary>Runs the work on a bare thread and without any ExecutionContext.</summary>
    private sealed class RecordingExecutor : IExecutor
    {
        public int Submitted { get; private set; }

        public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default)
        {
            Submitted++;
            var source = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            var thread = new Thread(() =>
            {
                try
                {
                    source.SetResult(work());
                }
                catch (Exception exception)
                {
                    source.SetException(exception);
                }
            });
            thread.UnsafeStart();
            return source.Task;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class HoldingExecutor : IExecutor
    {
        public CancellationToken Token { get; private set; }

        public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default)
        {
            Token = cancellationToken;
            return new TaskCompletionSource<T>().Task;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class ThrowingExecutor(Exception failure) : IExecutor
    {
        public Task<T> SubmitAsync<T>(Func<T> work, CancellationToken cancellationToken = default) => throw failure;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
