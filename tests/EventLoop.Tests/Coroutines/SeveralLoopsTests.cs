namespace EventLoop.Tests.Coroutines;

/// <summary>One coroutine in the hands of several loops: one of them runs it, the others are refused.</summary>
[RealTime("its loops run on several threads")]
public sealed class SeveralLoopsTests : LoopTest
{
    private const int Rounds = 200;

    [Fact]
    public void Of_two_loops_that_await_one_coroutine_at_the_same_moment_one_is_refused()
    {
        for (int round = 0; round < Rounds; round++)
        {
            int started = 0;
            var coroutine = Body();
            Race(coroutine, coroutine).Should().Be(1);
            started.Should().Be(1);

            async Coroutine Body()
            {
                Interlocked.Increment(ref started);
                await Loop.Yield();
            }
        }
    }

    [Fact]
    public void So_it_is_when_one_of_them_has_made_it()
    {
        for (int round = 0; round < Rounds; round++)
        {
            int started = 0;
            bool made = false;
            Coroutine coroutine = default;
            int arrived = 0;
            int refused = 0;
            var other = new Thread(() => Loop.Run(
                async () =>
                {
                    while (!Volatile.Read(ref made))
                    {
                    }

                    await Try();
                },
                new LoopOptions { HandleInterrupt = false })) { IsBackground = true };
            other.Start();
            RunLoop(async () =>
            {
                await After(0, 1);
                coroutine = Body();
                Volatile.Write(ref made, true);
                await Try();
            });
            other.Join(TimeSpan.FromSeconds(10)).Should().BeTrue();

            started.Should().Be(1);
            refused.Should().Be(1);

            async Coroutine Try()
            {
                Interlocked.Increment(ref arrived);
                while (Volatile.Read(ref arrived) < 2)
                {
                }

                try
                {
                    await coroutine;
                }
                catch (InvalidOperationException)
                {
                    Interlocked.Increment(ref refused);
                }
            }

            async Coroutine Body()
            {
                Interlocked.Increment(ref started);
                await Loop.Yield();
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_operation_that_is_awaited_on_a_wrong_loop_is_as_good_as_before_on_its_own(bool debug) => RunLoop(
        async () =>
        {
            var queue = new AsyncQueue<string>();
            var mutex = new AsyncLock();
            var future = Loop.Current.CreateFuture<string>();
            queue.TryPut("item");
            future.SetResult("result");
            (await mutex.AcquireAsync()).Dispose();      // it has a loop now
            Coroutine<string> get = queue.GetAsync();
            Coroutine<Releaser> acquire = mutex.AcquireAsync();
            Coroutine<string> wait = future.AsCoroutine();

            ShouldBeRefused(get);
            ShouldBeRefused(acquire);

            (await get).Should().Be("item");
            (await wait).Should().Be("result");
            using (await acquire)
            {
                mutex.IsLocked.Should().BeTrue();
            }
        },
        Options with { Debug = debug });

    [Fact]
    public void So_is_the_wait_for_a_future() => RunLoop(async () =>
    {
        var future = Loop.Current.CreateFuture<string>();
        Coroutine<string> wait = future.AsCoroutine();

        ShouldBeRefused(wait);

        future.SetResult("result");
        (await wait).Should().Be("result");
    });

    private static void ShouldBeRefused(Coroutine coroutine) =>
        OnThread(() => Record.Exception(() => Loop.Run(coroutine, new LoopOptions { HandleInterrupt = false }))).Should().BeOfType<InvalidOperationException>();

    [Fact]
    public void A_coroutine_that_one_loop_has_made_runs_on_another()
    {
        Coroutine<int> made = default;
        RunLoop(async () =>
        {
            await Where();      // so that the next comes from the pool
            made = Where();
        });

        OnThread(() => Loop.Run(made, new LoopOptions { HandleInterrupt = false }).Should().Be(Environment.CurrentManagedThreadId));

        static async Coroutine<int> Where()
        {
            await Loop.Yield();
            return Environment.CurrentManagedThreadId;
        }
    }

    // How many were refused.
    private static int Race(params Coroutine[] copies)
    {
        int refused = 0;
        int arrived = 0;
        var threads = Array.ConvertAll(copies, copy => new Thread(() =>
        {
            try
            {
                Loop.Run(
                    async Coroutine () =>
                    {
                        Interlocked.Increment(ref arrived);
                        while (Volatile.Read(ref arrived) < copies.Length)
                        {
                        }

                        await copy;
                    },
                    new LoopOptions { HandleInterrupt = false });
            }
            catch (InvalidOperationException)
            {
                Interlocked.Increment(ref refused);
            }
        }) { IsBackground = true });
        foreach (var thread in threads)
        {
            thread.Start();
        }

        foreach (var thread in threads)
        {
            thread.Join(TimeSpan.FromSeconds(10)).Should().BeTrue();
        }

        return refused;
    }
}
