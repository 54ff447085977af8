namespace EventLoop.Tests.Executors;

/// <summary>Work in the library's own executors, which goes there and comes back without a task of .NET.</summary>
public sealed class OwnExecutorWorkTests : LoopTest
{
    [Fact]
    public async Task Work_that_is_cancelled_before_it_has_begun_never_runs_and_leaves_the_queue()
    {
        await using var executor = new DedicatedThreadExecutor(1);
        using var begun = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        bool ran = false;
        RunLoop(async () =>
        {
            LoopTask before = Loop.CreateTask(Loop.RunInExecutor(executor, () =>
            {
                begun.Set();
                gate.Wait(TimeSpan.FromSeconds(30));
            }));
            await Yields(2);
            begun.Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
            LoopTask waiter = Loop.CreateTask(Loop.RunInExecutor(executor, () => { ran = true; }));
            await Yields(2);

            waiter.Cancel();
            (await Catch(waiter)).Should().BeOfType<LoopCanceledException>();

            gate.Set();
            await before;
            (await Loop.RunInExecutor(executor, () => ran)).Should().BeFalse();
        });
    }

    [Fact]
    public async Task Each_piece_of_work_has_its_own_outcome_whatever_became_of_those_before_it()
    {
        await using var executor = new DedicatedThreadExecutor(2);
        RunLoop(async () =>
        {
            for (int round = 0; round < 200; round++)
            {
                int number = round;
                var gate = new ManualResetEventSlim();      // not disposed: work that was given up may still wait for it
                LoopTask<int> given = Loop.CreateTask(Loop.RunInExecutor(executor, () => { gate.Wait(TimeSpan.FromSeconds(30)); return -1; }));
                LoopTask<int> failing = Loop.CreateTask(Loop.RunInExecutor<int>(executor, () => throw new InvalidDataException($"{number}")));
                await Loop.Yield();
                given.Cancel();
                (await Catch(given)).Should().BeOfType<LoopCanceledException>();
                LoopTask<string> text = Loop.CreateTask(Loop.RunInExecutor(executor, () => $"{number}"));
                LoopTask<int> value = Loop.CreateTask(Loop.RunInExecutor(executor, () => number));
                gate.Set();

                (await Catch(failing)).Should().BeOfType<InvalidDataException>().Which.Message.Should().Be($"{number}");
                (await value).Should().Be(number);
                (await text).Should().Be($"{number}");
            }
        });
        Reported.Should().BeEmpty();
    }

    [Fact]
    public void Work_that_is_given_up_at_any_moment_is_counted_once_by_the_executor_that_has_it()
    {
        var pool = new ThreadPoolExecutor();
        var bounded = new ThreadPoolExecutor(1);
        int ran = 0;
        RunLoop(async () =>
        {
            for (int round = 0; round < 300; round++)
            {
                LoopTask[] given = [.. Enumerable.Range(0, 4).Select(i =>
                    Loop.CreateTask(Loop.RunInExecutor(i % 2 == 0 ? pool : bounded, () => { Interlocked.Increment(ref ran); })))];
                await Loop.Yield();
                given[round % 4].Cancel();
                given[(round + 1) % 4].Cancel();
                await Loop.Wait(given);
            }
        });

        pool.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
        bounded.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
        pool.Unfinished.Should().Be(0);
        bounded.Unfinished.Should().Be(0);
        ran.Should().BeInRange(600, 1200);
    }

    [Fact]
    public void A_failure_of_the_work_keeps_the_stack_of_the_thread_that_it_comes_from() => RunLoop(async () =>
    {
        static void Fail() => throw new InvalidDataException();

        (await Catch(Loop.ToThread(Fail)))!.StackTrace.Should().Contain(nameof(Fail));
    });

    [Fact]
    public void A_function_of_a_more_special_type_serves_as_well() => RunLoop(async () =>
    {
        Func<string> text = static () => "text";

        (await Loop.ToThread<object>(text)).Should().Be("text");
    });

    [Fact]
    public void Work_whose_loop_is_gone_when_it_ends_harms_nobody()
    {
        using var begun = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        using var ended = new ManualResetEventSlim();
        var executor = new ThreadPoolExecutor();
        RunLoop(async () =>
        {
            Loop.StartSoon(async () => await Loop.RunInExecutor(executor, () =>
            {
                begun.Set();
                gate.Wait(TimeSpan.FromSeconds(30));
                ended.Set();
            }));
            await Yields(2);
            begun.Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
        });

        gate.Set();
        ended.Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
        executor.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
    }
}
