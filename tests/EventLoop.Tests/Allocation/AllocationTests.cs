using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Reflection;

namespace EventLoop.Tests.Allocation;

/// <summary>
/// What costs nothing in the steady state. Each test repeats rounds of operations until one round allocates less than a byte per
/// operation, which is the steady state after tier-1 JIT and filled pools, and fails with its best figure if that never comes.
/// </summary>
[Collection(ProcessWide.Name)]
[RealTime("it counts what the loop allocates, not its clock")]
public sealed class AllocationTests : LoopTest
{
    private const int Operations = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    [Fact]
    public void Yield_allocates_nothing() => ShouldCost(0, static async () =>
    {
        for (int i = 0; i < Operations; i++)
        {
            await Loop.Yield();
        }
    });

    [Fact]
    public void Sleep_of_zero_allocates_nothing() => ShouldCost(0, static async () =>
    {
        for (int i = 0; i < Operations; i++)
        {
            await Loop.Sleep(0);
        }
    });

    [Fact]
    public void Sleep_allocates_nothing() => ShouldCost(0, static async () =>
    {
        for (int i = 0; i < Operations; i++)
        {
            await Loop.Sleep(TimeSpan.FromTicks(1));
        }
    });

    [Fact]
    public void A_read_of_a_file_that_is_in_memory_allocates_nothing() => ShouldCost(0, static async () =>
    {
        await using var file = await EventLoop.IO.LoopFile.OpenAsync(typeof(Loop).Assembly.Location);
        Assert.SkipUnless(EventLoop.Native.CachedFile.TryRead(file.Handle, new byte[1], 0) == 1, "this file system does not know RWF_NOWAIT");
        var buffer = new byte[512];
        for (int i = 0; i < Operations; i++)
        {
            await file.ReadAsync(buffer, 0);
        }
    });

    [Fact]
    public void A_write_to_a_file_allocates_nothing()
    {
        string path = Path.GetTempFileName();
        try
        {
            ShouldCostNoThread(async () =>
            {
                await using var file = await EventLoop.IO.LoopFile.OpenAsync(path, FileMode.Open, FileAccess.Write);
                var bytes = new byte[16];
                for (int i = 0; i < Operations; i++)
                {
                    await file.WriteAsync(bytes, 0);
                }
            });
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("the pool")]
    [InlineData("two of the pool")]
    [InlineData("a thread of its own")]
    public void Work_on_another_thread_allocates_nothing_but_what_its_caller_does(string where) => ShouldCostNoThread(
        static async () =>
        {
            int sum = 0;
            for (int i = 0; i < Operations; i++)
            {
                sum += await Loop.ToThread(static () => 1);
            }

            sum.Should().Be(Operations);
        },
        where switch
        {
            "the pool" => new ThreadPoolExecutor(),
            "two of the pool" => new ThreadPoolExecutor(2),
            _ => new DedicatedThreadExecutor(1),
        });

    [Fact]
    public void A_nested_coroutine_that_completes_at_once_allocates_nothing() => ShouldCost(0, static async () =>
    {
        int sum = 0;
        for (int i = 0; i < Operations; i++)
        {
            sum += await Immediate(i);
        }

        GC.KeepAlive(sum);
    });

    [Fact]
    public void A_nested_coroutine_that_suspends_allocates_nothing() => ShouldCost(0, static async () =>
    {
        int sum = 0;
        for (int i = 0; i < Operations; i++)
        {
            sum += await Suspending(i);
        }

        GC.KeepAlive(sum);
    });

    [Fact]
    public void Coroutines_nested_three_deep_allocate_nothing() => ShouldCost(0, static async () =>
    {
        int sum = 0;
        for (int i = 0; i < Operations; i++)
        {
            sum += await Outer(i);
        }

        GC.KeepAlive(sum);

        static async Coroutine<int> Outer(int n) => await Middle(n) + 1;
        static async Coroutine<int> Middle(int n) => await Suspending(n) + 1;
    });

    [Fact]
    public void Nested_coroutines_that_suspend_under_an_AsyncLocal_allocate_nothing()
    {
        var local = new AsyncLocal<int>();
        ShouldCost(0, async () =>
        {
            local.Value = 1;
            int sum = 0;
            for (int i = 0; i < Operations; i++)
            {
                sum += await Outer(i);
            }

            sum.Should().Be(Operations * (Operations + 1) / 2);
            local.Value.Should().Be(1);
        });

        static async Coroutine<int> Outer(int n) => await Suspending(n) + 1;
    }

    [Fact]
    public void Awaiting_a_completed_task_allocates_nothing() => ShouldCost(0, static async () =>
    {
        LoopTask<int> done = Loop.CreateTask(Immediate(1));
        await done;
        int sum = 0;
        for (int i = 0; i < Operations; i++)
        {
            sum += await done;
        }

        GC.KeepAlive(sum);
    });

    [Fact]
    public void Awaiting_something_foreign_allocates_nothing() => ShouldCost(0, static async () =>
    {
        for (int i = 0; i < Operations; i++)
        {
            await Task.Yield();
        }
    });

    [Fact]
    public void Awaiting_a_task_of_NET_allocates_no_more_than_the_task_and_its_continuation() => ShouldCost(200, static async () =>
    {
        for (int i = 0; i < Operations; i++)
        {
            var source = new TaskCompletionSource();
            Loop.Current.Post(static source => source.SetResult(), source);
            await source.Task;
        }
    });

    [Fact]
    public void Awaiting_a_completed_future_allocates_nothing() => ShouldCost(0, static async () =>
    {
        LoopFuture<int> done = Loop.Current.CreateFuture<int>();
        done.SetResult(1);
        int sum = 0;
        for (int i = 0; i < Operations; i++)
        {
            sum += await done;
        }

        GC.KeepAlive(sum);
    });

    [Fact]
    public void Post_with_state_on_the_loop_thread_allocates_nothing() => ShouldCost(0, static async () =>
    {
        Loop loop = Loop.Current;
        var counter = new Counter();
        for (int i = 0; i < Operations; i++)
        {
            loop.Post(static c => c.Value++, counter);
            if (i % 100 == 99)
            {
                await Loop.Yield();
            }
        }

        await Loop.Yield();
        counter.Value.Should().Be(Operations);
    });

    [Fact]
    public void CallSoon_with_state_and_a_discarded_handle_allocates_nothing() => ShouldCost(0, static async () =>
    {
        Loop loop = Loop.Current;
        var counter = new Counter();
        for (int i = 0; i < Operations; i++)
        {
            ScheduleAndForget(loop, counter);
            if (i % 100 == 99)
            {
                await Loop.Yield();
            }
        }

        await Loop.Yield();
        counter.Value.Should().Be(Operations);
    });

    [Fact]
    public void A_timer_that_is_created_and_cancelled_allocates_nothing() => ShouldCost(0, static async () =>
    {
        Loop loop = Loop.Current;
        var counter = new Counter();
        for (int i = 0; i < Operations; i++)
        {
            CreateAndCancel(loop, counter);
            if (i % 100 == 99)
            {
                await Loop.Yield();
            }
        }

        counter.Value.Should().Be(0);
    });

    // The JIT leaves out a handle that nobody keeps, but not in a loop of the method that makes the call.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ScheduleAndForget(Loop loop, Counter counter) => loop.CallSoon(static c => c.Value++, counter);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CreateAndCancel(Loop loop, Counter counter) => loop.CallLater(TimeSpan.FromSeconds(10), static c => c.Value++, counter).Cancel();

    [Fact]
    public void A_spawned_task_that_yields_once_allocates_at_most_200_bytes() => ShouldCost(200, static async () =>
    {
        for (int i = 0; i < Operations; i++)
        {
            await Loop.CreateTask(YieldingOnce());
        }
    });

    [Fact]
    public void A_child_of_a_group_that_yields_once_allocates_at_most_50_bytes_more() => ShouldCost(250, static async () => await TaskGroup.Run(
        static async group =>
        {
            for (int i = 0; i < Operations; i++)
            {
                await group.CreateTask(YieldingOnce());
            }
        }));

    [Fact]
    public void A_task_that_nobody_holds_allocates_no_more_than_another() => ShouldCost(200, static async () =>
    {
        for (int i = 0; i < Operations; i++)
        {
            Loop.StartSoon(YieldingOnce());
            await Loop.Yield();
            await Loop.Yield();
        }
    });

    private static async Coroutine YieldingOnce() => await Loop.Yield();

    private static async Coroutine<int> Immediate(int n) => n;

    private static async Coroutine<int> Suspending(int n)
    {
        await Loop.Yield();
        return n;
    }

    private void ShouldCost(int bytes, Func<Coroutine> operations) => ShouldCost(bytes + 1, operations, GC.GetAllocatedBytesForCurrentThread, Options);

    // What the whole process allocates, so that a few bytes may be somebody else's; an object for each operation would be 24 at least.
    private void ShouldCostNoThread(Func<Coroutine> operations, IExecutor? executor = null) =>
        ShouldCost(8, operations, static () => GC.GetTotalAllocatedBytes(precise: true), Options with { DefaultExecutor = executor });

    private void ShouldCost(int below, Func<Coroutine> operations, Func<long> allocated, LoopOptions options)
    {
        Assert.SkipWhen(
            typeof(Loop).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true },
            "The promise is for optimized code: run the tests with -c Release.");
        double best = double.MaxValue;
        RunLoop(
            async () =>
            {
                long start = Stopwatch.GetTimestamp();
                do
                {
                    long before = allocated();
                    await operations();
                    best = Math.Min(best, (allocated() - before) / (double)Operations);
                }
                while (best >= below && Stopwatch.GetElapsedTime(start) < Patience);
            },
            options);

        best.Should().BeLessThan(below, "bytes per operation in the steady state");
    }

    private sealed class Counter
    {
        public int Value;
    }
}
