using EventLoop.Tests.Processes;

namespace EventLoop.Tests.Executors;

/// <summary>What happens while a worker is being started, and while work is on its way to the pool.</summary>
public sealed class ProcessExecutorStartTests : ProcessTest
{
    [Fact]
    public void A_worker_that_is_killed_while_its_process_is_being_started_makes_room_for_another() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        var work = Loop.CreateTask(pool.Run(static x => x, 1));
        await Yields(3);
        pool.KillWorkers();
        (await work).Should().Be(1);
    });

    [Fact]
    public void A_pool_is_left_while_a_worker_whose_initializer_never_ends_is_being_started() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1, Initializer = static () => Thread.Sleep(Timeout.Infinite) });
        var work = Loop.CreateTask(pool.Run(static x => x, 1));
        await Yields(3);
        work.Cancel();
    });

    [Fact]
    public async Task Work_that_the_pools_loop_does_not_come_to_before_it_closes_fails()
    {
        var loop = NewLoop(Options);
        ProcessExecutor pool = null!;
        loop.RunUntilComplete(async Coroutine () => pool = new ProcessExecutor());
        var work = pool.SubmitAsync(static () => 1);
        loop.Dispose();
        (await Record.ExceptionAsync(() => work.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken))).Should()
            .BeOfType<ObjectDisposedException>();
    }

    [Fact]
    public void Error_output_that_is_no_text_blocks_nobody() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        (await pool.Run(static () =>
        {
            using var error = Console.OpenStandardError();
            var block = new byte[4096];
            Array.Fill(block, (byte)'a');
            block[^1] = 0xC3;
            error.Write(block);
            block[^1] = (byte)'a';
            for (int i = 0; i < 100; i++)
            {
                error.Write(block);
            }

            return 7;
        })).Should().Be(7);
    });

    [Fact]
    public void Results_for_a_loop_that_has_closed_meanwhile_harm_no_worker() => RunProcesses(async () =>
    {
        await using var pool = new ProcessExecutor(new() { Workers = 1 });
        int first = await pool.Run(static () => Environment.ProcessId);
        await Task.Run(() => Loop.Run(
            async () =>
            {
                var results = pool.AsCompleted(Slow, Enumerable.Range(0, 5)).GetAsyncEnumerator();
                await results.MoveNextAsync();
            },
            Options with { TimeProvider = TimeProvider.System }));
        for (int i = 0; i < 8; i++)
        {
            await pool.Run(Slow, i);
        }

        (await pool.Run(static () => Environment.ProcessId)).Should().Be(first);
    });

    private static int Slow(int number)
    {
        Thread.Sleep(20);
        return number;
    }
}
