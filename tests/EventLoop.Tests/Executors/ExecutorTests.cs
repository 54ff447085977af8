namespace EventLoop.Tests.Executors;

/// <summary>What every executor promises; one subclass per kind.</summary>
public abstract class ExecutorContract : LoopTest
{
    [Fact]
    public async Task Work_gives_its_value()
    {
        await using IExecutor executor = Create(2);

        (await executor.SubmitAsync(static () => 5)).Should().Be(5);
    }

    [Fact]
    public async Task What_work_sets_for_its_flow_is_nothing_of_the_next_works()
    {
        await using IExecutor executor = Create(1);
        var user = new AsyncLocal<string?>();
        await executor.SubmitAsync(() => user.Value = "alice");
        using (ExecutionContext.SuppressFlow())
        {
            var next = executor.SubmitAsync(() => user.Value ?? "nobody");
            next.GetAwaiter().GetResult().Should().Be("nobody");
        }
    }

    [Fact]
    public async Task A_failure_reaches_the_submitter()
    {
        await using IExecutor executor = Create(2);
        var failure = new InvalidDataException();

        (await Record.ExceptionAsync(() => executor.SubmitAsync<int>(() => throw failure))).Should().BeSameAs(failure);
    }

    [Fact]
    public async Task A_failure_does_not_cost_a_worker()
    {
        await using IExecutor executor = Create(1);
        for (int i = 0; i < 3; i++)
        {
            await Record.ExceptionAsync(() => executor.SubmitAsync<int>(static () => throw new InvalidDataException()));
        }

        (await executor.SubmitAsync(static () => 5)).Should().Be(5);
    }

    [Fact]
    public async Task One_worker_runs_the_work_in_the_order_of_its_submission()
    {
        await using IExecutor executor = Create(1);
        List<int> order = [];
        Task[] work = [.. Enumerable.Range(0, 50).Select(n => (Task)executor.SubmitAsync(() =>
        {
            order.Add(n);
            return n;
        }))];
        await Task.WhenAll(work);

        order.Should().Equal(Enumerable.Range(0, 50));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task No_more_than_the_given_number_of_workers_run_at_once(int workers)
    {
        await using IExecutor executor = Create(workers);
        var threads = new Headcount();
        Task[] work = [.. Enumerable.Range(0, 20).Select(_ => (Task)executor.SubmitAsync(() =>
        {
            threads.Enter();
            Thread.Yield();
            threads.Leave();
            return true;
        }))];
        await Task.WhenAll(work);

        threads.Most.Should().BeLessThanOrEqualTo(workers);
    }

    [Fact]
    public async Task Several_workers_run_at_the_same_time()
    {
        await using IExecutor executor = Create(2);
        using var barrier = new Barrier(2);

        bool[] met = await Task.WhenAll(
            executor.SubmitAsync(() => barrier.SignalAndWait(TimeSpan.FromSeconds(10))),
            executor.SubmitAsync(() => barrier.SignalAndWait(TimeSpan.FromSeconds(10))));

        met.Should().Equal(true, true);
    }

    [Fact]
    public async Task The_token_withdraws_work_that_has_not_begun()
    {
        await using IExecutor executor = Create(1);
        using var gate = new ManualResetEventSlim();
        using var source = new CancellationTokenSource();
        bool ran = false;
        Task first = executor.SubmitAsync(() => gate.Wait(TimeSpan.FromSeconds(10)));
        Task<bool> second = executor.SubmitAsync(() => ran = true, source.Token);

        await source.CancelAsync();
        gate.Set();
        await first;

        (await Record.ExceptionAsync(() => second)).Should().BeAssignableTo<OperationCanceledException>();
        ran.Should().BeFalse();
    }

    [Fact]
    public async Task DisposeAsync_waits_for_the_work_that_was_submitted()
    {
        IExecutor executor = Create(1);
        int done = 0;
        Task[] work = [.. Enumerable.Range(0, 5).Select(_ => (Task)executor.SubmitAsync(() => Interlocked.Increment(ref done)))];

        await executor.DisposeAsync();

        done.Should().Be(5);
        await Task.WhenAll(work);
    }

    [Fact]
    public async Task A_disposed_executor_refuses_work()
    {
        IExecutor executor = Create(1);
        await executor.DisposeAsync();

        (await Record.ExceptionAsync(async () => await executor.SubmitAsync(static () => 1))).Should().BeOfType<ObjectDisposedException>();
    }

    [Fact]
    public async Task Work_that_races_with_the_disposal_is_refused_or_done()
    {
        for (int i = 0; i < 200; i++)
        {
            IExecutor executor = Create(1);
            using var start = new Barrier(2);
            Task<int?> work = Task.Run(async () =>
            {
                start.SignalAndWait();
                try
                {
                    return (int?)await executor.SubmitAsync(static () => 1);
                }
                catch (ObjectDisposedException)
                {
                    return null;
                }
            });
            start.SignalAndWait();
            Thread.SpinWait(i * 5);

            await executor.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));

            await work.WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    public async Task Disposing_twice_does_nothing()
    {
        IExecutor executor = Create(1);
        await executor.DisposeAsync();

        (await Record.ExceptionAsync(async () => await executor.DisposeAsync())).Should().BeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_number_of_workers_that_is_not_positive_is_refused(int workers) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = Create(workers); });

    [Fact]
    public async Task Work_runs_without_a_synchronization_context()
    {
        await using IExecutor executor = Create(1);

        (await executor.SubmitAsync(static () => SynchronizationContext.Current)).Should().BeNull();
    }

    [Fact]
    public async Task It_serves_RunInExecutor()
    {
        await using IExecutor executor = Create(1);

        RunLoop(async () => (await Loop.RunInExecutor(executor, static () => 5)).Should().Be(5));
    }

    [Fact]
    public async Task Work_that_was_withdrawn_is_let_go_of_while_the_workers_are_busy()
    {
        await using IExecutor executor = Create(1);
        using var gate = new ManualResetEventSlim();
        Task busy = executor.SubmitAsync(() => gate.Wait(TimeSpan.FromSeconds(10)));
        List<WeakReference> payloads = [.. Enumerable.Range(0, 200).Select(_ => SubmitAndWithdraw(executor))];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        payloads.Count(static payload => payload.IsAlive).Should().BeLessThan(5, "only what a stack still holds may live");
        gate.Set();
        await busy;

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference SubmitAndWithdraw(IExecutor executor)
        {
            using var source = new CancellationTokenSource();
            object payload = new byte[1000];
            Task work = executor.SubmitAsync(() => payload.GetHashCode(), source.Token);
            source.Cancel();
            work.IsCanceled.Should().BeTrue();
            return new WeakReference(payload);
        }
    }

    [Fact]
    public async Task Work_withdrawn_before_it_was_submitted_is_cancelled_at_once_and_no_disposal_waits_for_it()
    {
        IExecutor executor = Create(1);
        bool ran = false;

        executor.SubmitAsync(() => ran = true, new CancellationToken(true)).IsCanceled.Should().BeTrue();

        await executor.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        ran.Should().BeFalse();
    }

    [Fact]
    public async Task Work_can_be_withdrawn_while_the_disposal_waits_for_it()
    {
        IExecutor executor = Create(1);
        using var gate = new ManualResetEventSlim();
        using var source = new CancellationTokenSource();
        Task first = executor.SubmitAsync(() => gate.Wait(TimeSpan.FromSeconds(10)));
        Task<bool> second = executor.SubmitAsync(static () => true, source.Token);
        Task disposal = executor.DisposeAsync().AsTask();
        await source.CancelAsync();

        second.IsCanceled.Should().BeTrue();
        disposal.IsCompleted.Should().BeFalse();
        gate.Set();
        await disposal.WaitAsync(TimeSpan.FromSeconds(10));
        await first;
    }

    [Fact]
    public async Task Work_that_disposes_its_own_executor_is_told_that_it_would_wait_for_itself()
    {
        await using IExecutor executor = Create(1);

        (await Record.ExceptionAsync(() => executor.SubmitAsync(() => executor.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(10))))).Should()
            .Match<Exception>(static thrown => thrown is InvalidOperationException || thrown.InnerException is InvalidOperationException);
    }

    [Fact]
    public async Task Withdrawals_that_race_with_the_workers_lose_nothing_and_run_nothing_twice()
    {
        IExecutor executor = Create(2);
        int ran = 0;
        int canceled = 0;
        for (int i = 0; i < 2000; i++)
        {
            using var source = new CancellationTokenSource();
            Task work = executor.SubmitAsync(() => Interlocked.Increment(ref ran), source.Token);
            Thread.SpinWait(i % 100);
            source.Cancel();
            await Task.WhenAny(work).WaitAsync(TimeSpan.FromSeconds(10));
            canceled += work.IsCanceled ? 1 : 0;
        }

        await executor.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        (ran + canceled).Should().Be(2000);
    }

    protected abstract IExecutor Create(int workers);
}

public sealed class ThreadPoolExecutorTests : ExecutorContract
{
    [Fact]
    public async Task Work_runs_on_the_thread_pool()
    {
        await using var executor = new ThreadPoolExecutor();

        (await executor.SubmitAsync(static () => Thread.CurrentThread.IsThreadPoolThread)).Should().BeTrue();
    }

    protected override IExecutor Create(int workers) => new ThreadPoolExecutor(workers);
}

public sealed class DedicatedThreadExecutorTests : ExecutorContract
{
    [Fact]
    public async Task Work_runs_on_threads_of_its_own()
    {
        await using var executor = new DedicatedThreadExecutor(1);

        (await executor.SubmitAsync(static () => Thread.CurrentThread.IsThreadPoolThread)).Should().BeFalse();
    }

    [Fact]
    public async Task The_threads_carry_the_name_of_the_executor()
    {
        await using var executor = new DedicatedThreadExecutor(1, "database");

        (await executor.SubmitAsync(static () => Thread.CurrentThread.Name)).Should().Contain("database");
    }

    [Fact]
    public async Task One_worker_is_always_the_same_thread()
    {
        await using var executor = new DedicatedThreadExecutor(1);
        int first = await executor.SubmitAsync(static () => Environment.CurrentManagedThreadId);
        int second = await executor.SubmitAsync(static () => Environment.CurrentManagedThreadId);

        second.Should().Be(first);
    }

    [Fact]
    public async Task The_threads_do_not_keep_the_process_alive()
    {
        await using var executor = new DedicatedThreadExecutor(1);

        (await executor.SubmitAsync(static () => Thread.CurrentThread.IsBackground)).Should().BeTrue();
    }

    protected override IExecutor Create(int workers) => new DedicatedThreadExecutor(workers);
}
