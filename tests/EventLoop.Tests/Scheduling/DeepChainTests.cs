namespace EventLoop.Tests.Scheduling;

/// <summary>A chain of awaits as deep as nobody writes on purpose overflows the stack neither on the way down nor on the way up.</summary>
public sealed class DeepChainTests : LoopTest
{
    private const int Depth = 100_000;

    [Fact]
    public void A_deep_chain_that_never_suspends_completes() => RunLoop(async () => (await Count(Depth, suspend: false)).Should().Be(Depth));

    [Fact]
    public void A_deep_chain_that_suspends_at_its_end_completes() => RunLoop(async () => (await Count(Depth, suspend: true)).Should().Be(Depth));

    [Fact]
    public void A_deep_chain_that_suspends_at_every_level_completes() => RunLoop(async () => (await Hop(Depth)).Should().Be(Depth));

    [Fact]
    public void A_deep_chain_completes_on_a_small_stack()
    {
        int counted = 0;
        var thread = new Thread(() => counted = RunLoop(() => Count(Depth, suspend: true)), 256 * 1024);
        thread.Start();
        thread.Join();

        counted.Should().Be(Depth);
    }

    [Fact]
    public void A_deep_chain_fails_with_the_exception_of_its_end() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(Fail(Depth, failure))).Should().BeSameAs(failure);
    });

    [Fact]
    public void A_deep_chain_is_cancelled_from_its_end() => RunLoop(async () =>
    {
        LoopTask task = Loop.CreateTask(Wait(Depth));
        await Yields(2);
        while (task.Status != LoopTaskStatus.Waiting)
        {
            await Loop.Yield();
        }

        task.Cancel("deep");

        (await Catch(task)).Should().BeOfType<LoopCanceledException>().Which.Reason.Should().Be("deep");
    });

    [Fact]
    public void A_deep_chain_of_tasks_completes() => RunLoop(async () =>
    {
        LoopFuture<int> gate = Loop.Current.CreateFuture<int>();
        LoopTask<int> last = Loop.CreateTask(async () => await gate);
        for (int i = 0; i < Depth; i++)
        {
            last = Loop.CreateTask(Next(last));
        }

        await Yields(2);
        gate.SetResult(0);

        (await last).Should().Be(Depth);

        static async Coroutine<int> Next(LoopTask<int> inner) => await inner + 1;
    });

    [Fact]
    public void A_deep_recursion_through_WaitFor_and_scopes_completes() => RunLoop(async () =>
    {
        (await Nested(2000)).Should().Be(2000);

        static async Coroutine<int> Nested(int depth)
        {
            if (depth == 0)
            {
                await Loop.Yield();
                return 0;
            }

            return 1 + await Loop.WaitFor(Nested(depth - 1), Seconds(1000));
        }
    });

    private static async Coroutine<int> Count(int depth, bool suspend)
    {
        if (depth == 0)
        {
            if (suspend)
            {
                await Loop.Yield();
            }

            return 0;
        }

        return 1 + await Count(depth - 1, suspend);
    }

    private static async Coroutine<int> Hop(int depth)
    {
        await Loop.Yield();
        return depth == 0 ? 0 : 1 + await Hop(depth - 1);
    }

    private static async Coroutine Fail(int depth, Exception failure)
    {
        if (depth == 0)
        {
            await Loop.Yield();
            throw failure;
        }

        await Fail(depth - 1, failure);
    }

    private static async Coroutine Wait(int depth)
    {
        if (depth == 0)
        {
            await Forever();
        }
        else
        {
            await Wait(depth - 1);
        }
    }
}
