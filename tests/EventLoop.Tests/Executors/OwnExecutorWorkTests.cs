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
