using System.Runtime.CompilerServices;

namespace EventLoop.Tests.Foreign;

/// <summary>.NET's own awaitables inside coroutines and inside async Task methods on the loop.</summary>
public sealed class ForeignAwaitTests : LoopTest
{
    public static TheoryData<string> Awaitables => [.. Foreign.Keys];

    private static Dictionary<string, Func<Task>> Foreign => new()
    {
        ["Task.Run"] = static () => Task.Run(static () => { }),
        ["Task.Delay"] = static () => Task.Delay(1),
        ["Task.Yield"] = static async () => await Task.Yield(),
        ["Task.Run and ConfigureAwait(false)"] = static async () => await Task.Run(static () => { }).ConfigureAwait(false),
        ["ValueTask"] = static async () => await new ValueTask(Task.Run(static () => { })),
        ["SemaphoreSlim"] = static async () =>
        {
            using var semaphore = new SemaphoreSlim(0);
            _ = Task.Run(semaphore.Release);
            await semaphore.WaitAsync();
        },
        ["Task.WhenAny"] = static () => Task.WhenAny(Task.Run(static () => { }), new TaskCompletionSource().Task),
    };

    [Theory]
    [MemberData(nameof(Awaitables))]
    public void A_coroutine_comes_back_to_its_task_and_thread_after(string awaitable) => RunLoop(async () =>
    {
        LoopTask? task = Loop.CurrentTask;
        int thread = Environment.CurrentManagedThreadId;

        await Foreign[awaitable]();

        Environment.CurrentManagedThreadId.Should().Be(thread);
        Loop.CurrentTask.Should().BeSameAs(task);
    });

    [Theory]
    [MemberData(nameof(Awaitables))]
    public void An_async_Task_method_comes_back_to_its_task_and_thread_after(string awaitable) => RunLoopWithTask(async () =>
    {
        LoopTask? task = Loop.CurrentTask;
        int thread = Environment.CurrentManagedThreadId;

        await Foreign[awaitable]();

        Environment.CurrentManagedThreadId.Should().Be(thread);
        Loop.CurrentTask.Should().BeSameAs(task);
    });

    [Fact]
    public void A_coroutine_resumes_on_its_loop_whatever_it_awaited_even_ConfigureAwait_false() => RunLoop(async () =>
    {
        int thread = Environment.CurrentManagedThreadId;
        var source = new TaskCompletionSource();
        var completer = new Thread(source.SetResult);
        Loop.Current.CallSoon(completer.Start);
        await source.Task.ConfigureAwait(false);

        Environment.CurrentManagedThreadId.Should().Be(thread);
        Loop.TryGetCurrent(out _).Should().BeTrue();
        await Loop.Yield();
    });

    [Fact]
    public void A_coroutine_resumes_on_its_loop_after_an_awaiter_that_knows_nothing_of_contexts() => RunLoop(async () =>
    {
        int thread = Environment.CurrentManagedThreadId;
        await new ThreadHop();

        Environment.CurrentManagedThreadId.Should().Be(thread);
        Loop.CurrentTask.Should().NotBeNull();
    });

    [Fact]
    public void An_async_Task_method_that_says_ConfigureAwait_false_leaves_the_loop_and_its_awaiter_stays() => RunLoop(async () =>
    {
        int thread = Environment.CurrentManagedThreadId;
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool> leaving = Leave();
        source.SetResult();

        (await leaving).Should().BeFalse("there is no loop on the thread pool");

        Environment.CurrentManagedThreadId.Should().Be(thread);

        async Task<bool> Leave()
        {
            await source.Task.ConfigureAwait(false);
            return Loop.TryGetCurrent(out _);
        }
    });

    [Fact]
    public void Task_Yield_goes_through_the_ready_queue()
    {
        RunLoop(async () =>
        {
            Loop.Current.CallSoon(() => Log.Add("callback"));
            await Task.Yield();
            Log.Add("main");
        });

        Log.Should().Equal("callback", "main");
    }

    [Fact]
    public void A_failed_foreign_task_throws_its_own_exception() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Func<Coroutine> awaiting = async () => await Task.Run(() => throw failure);

        (await Catch(awaiting())).Should().BeSameAs(failure);
    });

    [Fact]
    public void The_values_of_Task_and_ValueTask_come_back() => RunLoop(async () =>
    {
        (await Task.Run(static () => 1)).Should().Be(1);
        (await Task.FromResult(2)).Should().Be(2);
        (await new ValueTask<int>(3)).Should().Be(3);
        (await new ValueTask<int>(Task.Run(static () => 4))).Should().Be(4);
    });

    [Fact]
    public void Awaiting_a_completed_foreign_task_takes_no_turn() => RunLoop(async () =>
    {
        long turns = Loop.Current.Statistics.Turns;
        await Task.CompletedTask;
        await Task.FromResult(1);

        Loop.Current.Statistics.Turns.Should().Be(turns);
    });

    [Fact]
    public void A_TaskCompletionSource_set_by_one_task_wakes_another_through_the_ready_queue_and_not_inline()
    {
        RunLoop(async () =>
        {
            var source = new TaskCompletionSource();
            LoopTask waiter = Loop.CreateTask(async () =>
            {
                await source.Task;
                Log.Add("waiter");
            });
            await Loop.Yield();
            source.SetResult();
            Log.Add("after SetResult");
            await waiter;
        });

        Log.Should().Equal("after SetResult", "waiter");
    }

    [Fact]
    public void A_TaskCompletionSource_wakes_async_Task_methods_of_other_tasks_and_none_inline()
    {
        RunLoop(async () =>
        {
            var source = new TaskCompletionSource();
            LoopTask[] waiters = [.. Enumerable.Range(0, 4).Select(n => Loop.CreateTask(() => Waiter(n, source.Task)))];
            await Loop.Yield();
            source.SetResult();
            Log.Add("after SetResult");
            foreach (LoopTask waiter in waiters)
            {
                await waiter;
            }
        });

        Log[0].Should().Be("after SetResult");
        Log.Skip(1).Should().BeEquivalentTo("0", "1", "2", "3");

        async Task Waiter(int n, Task signal)
        {
            await signal;
            Log.Add($"{n}");
        }
    }

    [Fact]
    public void An_inner_async_Task_method_of_the_same_task_resumes_its_caller_inline() => RunLoopWithTask(async () =>
    {
        long turns = Loop.Current.Statistics.Turns;
        await Level(30);

        (Loop.Current.Statistics.Turns - turns).Should().Be(1);

        static async Task Level(int depth)
        {
            if (depth == 0)
            {
                await Loop.Yield();
            }
            else
            {
                await Level(depth - 1);
            }
        }
    });

    [Fact]
    public void A_coroutine_can_be_awaited_from_an_async_Task_method() => RunLoopWithTask(async () =>
    {
        (await After(3, 5)).Should().Be(5);
        await Loop.Sleep(0);
        await Loop.Yield();
    });

    [Fact]
    public void A_coroutine_can_await_an_async_Task_method_which_awaits_a_coroutine() => RunLoop(async () =>
    {
        LoopTask? mine = Loop.CurrentTask;

        (await Middle()).Should().BeSameAs(mine);

        static async Task<LoopTask?> Middle()
        {
            await After(1, 1);
            return Loop.CurrentTask;
        }
    });

    [Fact]
    public void An_async_void_method_runs_on_the_loop()
    {
        RunLoop(async () =>
        {
            int thread = Environment.CurrentManagedThreadId;
            LoopFuture done = Loop.Current.CreateFuture();
            var source = new TaskCompletionSource();
            FireAndForget();
            Log.Add("called");
            await Task.Run(source.SetResult);
            await done;

            async void FireAndForget()
            {
                await source.Task;
                Log.Add(Environment.CurrentManagedThreadId == thread ? "on the loop" : "elsewhere");
                done.SetResult();
            }
        });

        Log.Should().Equal("called", "on the loop");
    }

    [Fact]
    public void Progress_reports_arrive_on_the_loop() => RunLoop(async () =>
    {
        int thread = Environment.CurrentManagedThreadId;
        LoopFuture<int> reported = Loop.Current.CreateFuture<int>();
        IProgress<int> progress = new Progress<int>(_ => reported.SetResult(Environment.CurrentManagedThreadId));
        await Task.Run(() => progress.Report(1));

        (await reported).Should().Be(thread);
    });

    [Fact]
    public void Task_Factory_StartNew_is_not_hijacked_by_the_loop() => RunLoop(async () =>
    {
        int thread = await Task.Factory.StartNew(static () => Environment.CurrentManagedThreadId);

        thread.Should().NotBe(Environment.CurrentManagedThreadId);
    });

    [Fact]
    public void A_completion_that_races_with_the_await_is_never_lost() => RunLoop(async () =>
    {
        for (int i = 0; i < 2000; i++)
        {
            (await Task.Run(static () => 1)).Should().Be(1);
        }
    });

    /// <summary>Continues on a new thread, ignoring every context.</summary>
    private readonly struct ThreadHop : INotifyCompletion
    {
        public bool IsCompleted => false;

        public ThreadHop GetAwaiter() => this;

        public void OnCompleted(Action continuation) => new Thread(() => continuation()).Start();

        public void GetResult()
        {
            // Nothing to give.
        }
    }
}
