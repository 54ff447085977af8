using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EventLoop.Net;

namespace EventLoop.Testing.Tests;

/// <summary>What a test leaves running is cancelled at its end, and its cleanup is awaited.</summary>
public class EndOfTestTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);      // half of the time limits that must not be waited for

    private static readonly TestLoopOptions Lax = new() { AllowRunningTasks = true };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cleanup_may_sleep(bool realTime) =>
        CleansUp(async Coroutine () => await Loop.Sleep(10), Lax with { RealTime = realTime }).Should().BeTrue();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cleanup_may_wait_for_a_task_of_dotnet(bool realTime) =>
        CleansUp(async Coroutine () => await Task.Delay(20), Lax with { RealTime = realTime }).Should().BeTrue();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cleanup_may_wait_for_a_socket(bool realTime)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var peer = Task.Run(async () =>
        {
            using var accepted = await listener.AcceptTcpClientAsync();
            var stream = accepted.GetStream();
            using var reader = new StreamReader(stream);
            string? line = await reader.ReadLineAsync();
            await Task.Delay(20);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{line}!\n"));
        });
        string? answer = null;
        CleansUp(
            async Coroutine () =>
            {
                await using var connection = await Tcp.ConnectAsync(listener.LocalEndpoint);
                await connection.WriteAsync("bye\n");
                answer = await connection.ReadLineAsync();
            },
            Lax with { RealTime = realTime }).Should().BeTrue();
        answer.Should().Be("bye!");
        peer.Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cleanup_may_wait_for_a_child(bool realTime) => CleansUp(
        async Coroutine () => (await Subprocess.RunAsync("sleep", "0.05")).ExitCode.Should().Be(0), Lax with { RealTime = realTime }).Should().BeTrue();

    [Fact]
    public void Cleanup_may_wait_for_a_thread_that_was_not_announced()
    {
        var clock = new VirtualClock();
        CleansUp(
            async Coroutine () =>
            {
                var loop = Loop.Current;
                var told = new LoopFuture();
                ThreadPool.QueueUserWorkItem(_ =>
                {
                    clock.Advance(TimeSpan.Zero);      // until the loop is idle; twice, because that is so just before it looks for a standstill
                    clock.Advance(TimeSpan.Zero);
                    try
                    {
                        loop.Post(() => told.SetResult());
                    }
                    catch (ObjectDisposedException)
                    {
                        // The cleanup was not waited for.
                    }
                });
                await told;
            },
            Lax with { Clock = clock, RealClock = new VirtualClock { AutoJump = false } }).Should().BeTrue();      // however long the thread takes
    }

    [Fact]
    public void Time_that_is_held_by_hand_goes_on_for_cleanup()
    {
        var clock = new VirtualClock { AutoJump = false };
        CleansUp(async Coroutine () => await Loop.Sleep(TimeSpan.FromHours(1)), Lax with { Clock = clock }).Should().BeTrue();
        clock.Elapsed.Should().Be(TimeSpan.FromHours(1));
    }

    [Fact]
    public void Time_goes_on_for_cleanup_when_sockets_have_been_quiet_for_a_moment()
    {
        var real = Stopwatch.StartNew();
        CleansUp(
            async Coroutine () =>
            {
                await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), static async Coroutine (_) => await Loop.Yield());
                await Loop.Sleep(TimeSpan.FromHours(1));
            },
            Lax).Should().BeTrue();
        real.Elapsed.Should().BeLessThan(Soon);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_nothing_can_end_any_more_is_given_up_soon_and_told_without_a_time_limit(bool realTime)
    {
        var real = Stopwatch.StartNew();
        var run = () => CleansUp(async Coroutine () => await new LoopFuture(), Lax with { RealTime = realTime });
        run.Should().Throw<TestLoopException>().Which.Message.Should()
            .Contain("task 'left' did not end when it was cancelled, and was abandoned").And.NotContain("within");
        real.Elapsed.Should().BeLessThan(Soon);
    }

    [Fact]
    public void An_await_of_dotnet_that_heeds_no_cancellation_does_not_hold_up_the_end()
    {
        var real = Stopwatch.StartNew();
        var run = () => TestLoop.Run(async () =>
        {
            _ = Loop.CreateTask(async () => await new ValueTask(new TaskCompletionSource().Task), "consumer");
            await Loop.Yield();
        });
        run.Should().Throw<TestLoopException>().WithMessage("*still running*'consumer'*abandoned*");
        real.Elapsed.Should().BeLessThan(Soon);
    }

    [Fact]
    public void A_time_limit_of_the_loop_that_has_passed_is_told()
    {
        var run = () => CleansUp(
            async Coroutine () => await new TaskCompletionSource().Task,
            Lax with { Loop = new LoopOptions { ShutdownTimeout = TimeSpan.FromMilliseconds(50) } });
        run.Should().Throw<TestLoopException>().WithMessage("*task 'left' did not end within 00:00:00.0500000 of its cancellation and was abandoned*");
    }

    [Fact]
    public void The_end_of_a_test_counts_against_its_time_limit()
    {
        var real = Stopwatch.StartNew();
        var run = () => CleansUp(
            async Coroutine () => await new TaskCompletionSource().Task, Lax with { RealTime = true, Timeout = TimeSpan.FromMilliseconds(200) });
        run.Should().Throw<TestLoopException>().WithMessage("*did not end within 0.2 s of real time. Its own task was done by then*task 'left'*abandoned*");
        real.Elapsed.Should().BeLessThan(Soon);
    }

    [Fact]
    public void Work_in_an_executor_that_does_not_end_holds_up_no_test_that_is_over_its_time_limit()
    {
        using var gate = new ManualResetEventSlim();
        var real = Stopwatch.StartNew();
        var run = () => TestLoop.Run(
            async () => await Loop.ToThread(() => gate.Wait(TimeSpan.FromMinutes(1))), new TestLoopOptions { Timeout = TimeSpan.FromMilliseconds(100) });
        run.Should().Throw<TestLoopException>().WithMessage("*did not end within 0.1 s*task 'test' waits on work in an executor*");
        real.Elapsed.Should().BeLessThan(Soon);
        gate.Set();
    }

    [Fact]
    public void A_test_that_ends_in_the_step_that_overran_its_time_limit_fails()
    {
        var real = new VirtualClock();
        var run = () => TestLoop.Run(
            async () =>
            {
                await Loop.Yield();
                real.Advance(TimeSpan.FromMinutes(1));      // this step takes a minute
            },
            new TestLoopOptions { RealClock = real });
        run.Should().Throw<TestLoopException>().WithMessage("*did not end within 30 s of real time*in a step that took too long*");
    }

    [Fact]
    public void A_test_that_fails_in_such_a_step_fails_with_its_own_exception()
    {
        var real = new VirtualClock();
        var run = () => TestLoop.Run(
            async () =>
            {
                await Loop.Yield();
                real.Advance(TimeSpan.FromMinutes(1));
                throw new FormatException("mine");
            },
            new TestLoopOptions { RealClock = real });
        run.Should().Throw<FormatException>();
    }

    // A test that leaves a task behind; whether that has come to the end of this cleanup.
    private static bool CleansUp(Func<Coroutine> cleanup, TestLoopOptions options)
    {
        bool isDone = false;
        TestLoop.Run(
            async () =>
            {
                _ = Loop.CreateTask(
                    async () =>
                    {
                        try
                        {
                            await Loop.Sleep(Timeout.InfiniteTimeSpan);
                        }
                        finally
                        {
                            await cleanup();
                            isDone = true;
                        }
                    },
                    "left");
                await Loop.Yield();
            },
            options);
        return isDone;
    }
}
