using System.Runtime.CompilerServices;

namespace EventLoop.Tests.Coroutines;

/// <summary>Values, exceptions, cleanup and AsyncLocals through nested coroutines.</summary>
[UnderSeeds(50)]
public sealed class CoroutineFlowTests : LoopTest
{
    [Fact]
    public void An_exception_passes_through_every_level_with_their_names_in_its_stack() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        Exception? caught = await Catch(Outer());

        caught.Should().BeSameAs(failure);
        caught!.StackTrace.Should().Contain(nameof(ThrowAfter)).And.Contain(nameof(Outer)).And.Contain(nameof(Middle));

        async Coroutine Outer() => await Middle();

        async Coroutine Middle()
        {
            await Loop.Yield();
            await ThrowAfter(1, failure);
        }
    });

    [Fact]
    public void Finally_blocks_run_from_the_inside_out()
    {
        RunLoop(async () => await Catch(Level(3)));

        Log.Should().Equal("0", "1", "2", "3");

        async Coroutine Level(int depth)
        {
            try
            {
                if (depth == 0)
                {
                    await Loop.Yield();
                    throw new InvalidDataException();
                }

                await Level(depth - 1);
            }
            finally
            {
                Log.Add($"{depth}");
            }
        }
    }

    [Fact]
    public void A_coroutine_can_await_in_catch_and_finally() => RunLoop(async () =>
    {
        int caught = 0;
        try
        {
            await ThrowAfter(1, new InvalidDataException());
        }
        catch (InvalidDataException)
        {
            caught = await After(2, 5);
        }
        finally
        {
            await Yields(2);
            Log.Add("finally");
        }

        caught.Should().Be(5);
        Log.Should().Equal("finally");
    });

    [Fact]
    public void Await_using_disposes_in_the_coroutine()
    {
        RunLoop(async () =>
        {
            await using (new Resource(Log))
            {
                Log.Add("body");
            }

            Log.Add("after");
        });

        Log.Should().Equal("body", "disposed", "after");
    }

    [Fact]
    public void Completed_completes_at_once() => RunLoop(async () =>
    {
        long steps = Loop.Current.Statistics.Steps;
        await Coroutine.Completed;

        Loop.Current.Statistics.Steps.Should().Be(steps);
    });

    [Fact]
    public void FromResult_gives_its_value() => RunLoop(async () => (await Coroutine.FromResult("value")).Should().Be("value"));

    [Fact]
    public void FromException_throws_it_at_the_await() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();

        (await Catch(Coroutine.FromException(failure))).Should().BeSameAs(failure);
        (await Catch(Coroutine.FromException<int>(failure))).Should().BeSameAs(failure);
    });

    [Fact]
    public void A_coroutine_with_a_value_is_a_coroutine_without_one()
    {
        RunLoop(async () =>
        {
            Coroutine plain = Valued();
            await plain;
        });

        Log.Should().Equal("ran");

        async Coroutine<int> Valued()
        {
            await Loop.Yield();
            Log.Add("ran");
            return 1;
        }
    }

    [Fact]
    public void A_coroutine_with_a_value_that_became_one_without_is_still_awaited_once() => RunLoop(async () =>
    {
        Coroutine<int> valued = After(1, 1);
        Coroutine plain = valued;
        await plain;

        (await Catch(valued)).Should().BeOfType<InvalidOperationException>();
    });

    [Fact]
    public void AsTask_starts_the_coroutine_and_gives_its_value() => RunLoop(async () =>
    {
        Task<int> task = After(3, 8).AsTask();

        (await task).Should().Be(8);
    });

    [Fact]
    public void AsTask_gives_the_failure() => RunLoop(async () =>
    {
        var failure = new InvalidDataException();
        Task task = ThrowAfter(2, failure).AsTask();

        (await Record.ExceptionAsync(() => task)).Should().BeSameAs(failure);
    });

    [Fact]
    public void Two_coroutines_of_one_async_method_can_be_awaited_together_by_WhenAll() => RunLoopWithTask(async () =>
    {
        int[] values = await Task.WhenAll(After(5, 1).AsTask(), After(2, 2).AsTask());

        values.Should().Equal(1, 2);
    });

    [Fact]
    public void A_coroutine_sees_the_AsyncLocals_of_its_caller() => RunLoop(async () =>
    {
        var local = new AsyncLocal<string> { Value = "caller" };

        (await Read()).Should().Be("caller");

        async Coroutine<string?> Read()
        {
            await Loop.Yield();
            return local.Value;
        }
    });

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void An_awaited_coroutine_never_leaks_its_AsyncLocals_to_its_caller(int yields) => RunLoop(async () =>
    {
        var local = new AsyncLocal<string> { Value = "caller" };
        await Write();

        local.Value.Should().Be("caller");

        async Coroutine Write()
        {
            local.Value = "callee";
            await Yields(yields);
            local.Value.Should().Be("callee");
        }
    });

    [Fact]
    public void An_awaited_coroutine_that_fails_does_not_leak_its_AsyncLocals_either() => RunLoop(async () =>
    {
        var local = new AsyncLocal<string> { Value = "caller" };
        await Catch(Write());

        local.Value.Should().Be("caller");

        async Coroutine Write()
        {
            local.Value = "callee";
            throw new InvalidDataException();
        }
    });

    [Fact]
    public void AsyncLocals_of_two_tasks_do_not_mix() => RunLoop(async () =>
    {
        var local = new AsyncLocal<int>();
        LoopTask<bool>[] tasks = [.. Enumerable.Range(1, 10).Select(n => Loop.CreateTask(Keep(n)))];

        (await Loop.Gather(tasks)).Should().AllBeEquivalentTo(true);
        local.Value.Should().Be(0);

        async Coroutine<bool> Keep(int n)
        {
            local.Value = n;
            bool kept = true;
            for (int i = 0; i < 10; i++)
            {
                await Loop.Yield();
                kept &= local.Value == n;
            }

            return kept;
        }
    });

    [OneSchedule("it would take long, and shows a depth, a size or a collection")]
    [Fact]
    public void A_finished_coroutine_keeps_nothing_alive() => RunLoop(async () =>
    {
        WeakReference argument = await Finished();

        await Yields(2);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        argument.IsAlive.Should().BeFalse("the pooled box must forget its arguments and locals");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static async Coroutine<WeakReference> Finished()
        {
            byte[] argument = new byte[64];
            await Loop.Yield();
            GC.KeepAlive(argument);
            return new WeakReference(argument);
        }
    });

    private sealed class Resource(List<string> log) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Loop.Yield();
            log.Add("disposed");
        }
    }
}
