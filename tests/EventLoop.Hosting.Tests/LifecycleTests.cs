using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EventLoop.Hosting.Tests;

/// <summary>The host starts the loop before all else and stops it after that, however either of them ends.</summary>
public sealed class LifecycleTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_loop_runs_on_a_thread_of_its_own_from_the_hosts_start_to_its_end()
    {
        using var host = Hosts.Build(static services => services.AddEventLoop());
        var loop = host.Loop();
        loop.IsRunning.Should().BeFalse();

        await host.StartAsync(Token);
        loop.IsRunning.Should().BeTrue();
        (await loop.Submit(() => (Thread.CurrentThread.Name, Thread.CurrentThread.IsThreadPoolThread), Token)).Should().Be(("loop application", false));

        await host.StopAsync(Token);
        loop.IsClosed.Should().BeTrue();
    }

    [Fact]
    public async Task A_service_that_was_added_before_the_loop_has_it_from_its_first_moment_to_its_last()
    {
        var seen = new List<string>();
        using var host = Hosts.Build(services =>
        {
            services.AddHostedService(provider => new Witness(provider.GetRequiredService<Loop>(), seen));
            services.AddEventLoop();
        });
        await host.StartAsync(Token);
        await host.StopAsync(Token);
        seen.Should().Equal("starting: runs", "start: runs", "started: runs", "stopping: runs", "stop: runs", "stopped: runs");
    }

    [Fact]
    public async Task Services_that_start_and_stop_at_once_have_the_loop_as_well()
    {
        var seen = new List<string>();
        using var host = Hosts.Build(services =>
        {
            services.Configure<HostOptions>(static options => options.ServicesStartConcurrently = options.ServicesStopConcurrently = true);
            services.AddEventLoop();
            services.AddHostedService(provider => new StartWitness(provider.GetRequiredService<Loop>(), seen));
        });
        await host.StartAsync(Token);
        await host.StopAsync(Token);
        seen.Should().Equal("start: runs", "stop: runs");
    }

    [Fact]
    public async Task What_is_submitted_in_a_constructor_begins_when_the_host_starts()
    {
        using var host = Hosts.Build(static services => services.AddEventLoop());
        var early = host.Loop().Submit(static () => 42, Token);
        early.IsCompleted.Should().BeFalse();
        await host.StartAsync(Token);
        (await early.WaitAsync(Hosts.Patience, Token)).Should().Be(42);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task What_was_submitted_to_a_loop_that_is_never_started_fails_with_its_container()
    {
        Task<int> early;
        var provider = new ServiceCollection().AddEventLoop().BuildServiceProvider();
        using (provider)
        {
            early = provider.GetRequiredService<Loop>().Submit(static () => 42, Token);
        }

        await early.Invoking(static task => task.WaitAsync(Hosts.Patience)).Should().ThrowAsync<ObjectDisposedException>();
        provider.Invoking(static provider => provider.GetRequiredService<Loop>()).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public async Task At_the_hosts_end_what_runs_on_the_loop_is_cancelled_and_awaited()
    {
        using var host = await Hosts.StartAsync(static services => services.AddEventLoop());
        var begun = new TaskCompletionSource();
        bool cleaned = false;
        var work = host.Loop().Submit(
            async Coroutine () =>
            {
                begun.SetResult();
                try
                {
                    await Loop.Sleep(TimeSpan.FromHours(1));
                }
                finally
                {
                    await CancelScope.Run(async _ => await Loop.Sleep(1), Timeout.InfiniteTimeSpan, shield: true);
                    cleaned = true;
                }
            },
            Token);
        await begun.Task.WaitAsync(Hosts.Patience, Token);
        await host.StopAsync(Token);
        cleaned.Should().BeTrue();
        await work.Invoking(static task => task).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task What_does_not_heed_its_cancellation_is_abandoned_when_the_hosts_time_is_over()
    {
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var host = Hosts.Build(static services =>
        {
            services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
            services.AddEventLoop(static options => options.ShutdownTimeout = TimeSpan.FromMinutes(10));
        });
        await host.StartAsync(Token);
        var loop = host.Loop();
        await loop.Submit(
            () =>
            {
                loop.ExceptionHandler = (_, context) => told.TrySetResult(context.Message);
                Loop.CreateTask(StubbornAsync(), name: "stubborn");
            },
            Token);

        await host.StopAsync(Token).WaitAsync(Hosts.Patience, Token);
        (await told.Task.WaitAsync(Hosts.Patience, Token)).Should().Contain("'stubborn'").And.Contain("abandoned");
        loop.IsClosed.Should().BeTrue();
    }

    [Fact]
    public async Task A_loop_that_was_in_a_long_step_when_the_hosts_time_was_over_ends_right_after_it()
    {
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool cleaned = false;
        var host = Hosts.Build(static services =>
        {
            services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
            services.AddEventLoop(static options => options.ShutdownTimeout = TimeSpan.FromMinutes(10));
        });
        await host.StartAsync(Token);
        var loop = host.Loop();
        await loop.Submit(
            () =>
            {
                loop.ExceptionHandler = (_, context) => told.TrySetResult(context.Message);
                Loop.CreateTask(StubbornAsync(), name: "stubborn");
                Loop.CreateTask(OrderlyAsync(), name: "orderly");
            },
            Token);

        loop.Post(static () => Thread.Sleep(500));
        await host.StopAsync(Token).WaitAsync(Hosts.Patience, Token);
        (await told.Task.WaitAsync(Hosts.Patience, Token)).Should().Contain("'stubborn'").And.Contain("abandoned");
        await Task.Run(host.Dispose, Token).WaitAsync(Hosts.Patience, Token);
        loop.IsClosed.Should().BeTrue();
        cleaned.Should().BeTrue("what heeds its cancellation has a moment even then");

        async Coroutine OrderlyAsync()
        {
            try
            {
                await Loop.Sleep(TimeSpan.FromHours(1));
            }
            finally
            {
                await Loop.Sleep(TimeSpan.Zero);
                cleaned = true;
            }
        }
    }

    [Fact]
    public async Task A_host_does_not_wait_longer_than_its_time_for_a_loop_whose_thread_is_blocked()
    {
        using var end = new ManualResetEventSlim();
        var host = Hosts.Build(static services =>
        {
            services.Configure<HostOptions>(static options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
            services.AddEventLoop();
        });
        await host.StartAsync(Token);
        var begun = new TaskCompletionSource<Thread>(TaskCreationOptions.RunContinuationsAsynchronously);
        var loop = host.Loop();
        loop.Post(() =>
        {
            begun.SetResult(Thread.CurrentThread);
            end.Wait();
        });
        var thread = await begun.Task.WaitAsync(Hosts.Patience, Token);

        await host.StopAsync(Token).WaitAsync(Hosts.Patience, Token);
        loop.IsRunning.Should().BeTrue("its thread is left behind");
        long start = Stopwatch.GetTimestamp();
        await Task.Run(host.Dispose, Token).WaitAsync(Hosts.Patience, Token);
        Stopwatch.GetElapsedTime(start).Should().BeLessThan(TimeSpan.FromSeconds(5), "nobody waits for it a second time");
        loop.IsRunning.Should().BeTrue("it is not the container's");

        end.Set();
        thread.Join(Hosts.Patience).Should().BeTrue();
        loop.IsClosed.Should().BeTrue("its own thread closes it");
    }

    [Fact]
    public async Task A_container_that_is_disposed_while_the_loops_thread_is_blocked_waits_for_its_time_and_leaves_it_behind()
    {
        using var end = new ManualResetEventSlim();
        var host = await Hosts.StartAsync(static services =>
            services.AddEventLoop(static options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100)));
        var begun = new TaskCompletionSource<Thread>(TaskCreationOptions.RunContinuationsAsynchronously);
        var loop = host.Loop();
        loop.Post(() =>
        {
            begun.SetResult(Thread.CurrentThread);
            end.Wait();
        });
        var thread = await begun.Task.WaitAsync(Hosts.Patience, Token);

        await Task.Run(host.Dispose, Token).WaitAsync(Hosts.Patience, Token);
        loop.IsRunning.Should().BeTrue("its thread is left behind");

        end.Set();
        thread.Join(Hosts.Patience).Should().BeTrue();
        loop.IsClosed.Should().BeTrue();
    }

    [Fact]
    public async Task A_container_that_is_disposed_on_the_loops_own_thread_ends_the_loop_after_that_step()
    {
        var host = await Hosts.StartAsync(static services => services.AddEventLoop());
        var loop = host.Loop();
        var thread = await loop.Submit(
            () =>
            {
                host.Dispose();
                return Thread.CurrentThread;
            },
            Token).WaitAsync(Hosts.Patience, Token);
        thread.Join(Hosts.Patience).Should().BeTrue();
        loop.IsClosed.Should().BeTrue();
    }

    [Fact]
    public async Task A_container_that_is_disposed_without_a_stop_ends_the_loop()
    {
        var host = await Hosts.StartAsync(static services => services.AddEventLoop());
        var loop = host.Loop();
        bool cleaned = false;
        var begun = new TaskCompletionSource();
        _ = loop.Submit(
            async Coroutine () =>
            {
                try
                {
                    begun.SetResult();
                    await Loop.Sleep(TimeSpan.FromHours(1));
                }
                finally
                {
                    cleaned = true;
                }
            },
            Token);
        await begun.Task.WaitAsync(Hosts.Patience, Token);
        host.Dispose();
        loop.IsClosed.Should().BeTrue();
        cleaned.Should().BeTrue();
    }

    [Theory]
    [InlineData(int.MaxValue * TimeSpan.TicksPerMillisecond)]
    [InlineData(uint.MaxValue * TimeSpan.TicksPerMillisecond)]
    [InlineData(long.MaxValue)]
    public async Task A_container_that_may_wait_for_any_time_is_disposed_without_a_stop(long ticks)
    {
        var host = await Hosts.StartAsync(services => services.AddEventLoop(options => options.ShutdownTimeout = TimeSpan.FromTicks(ticks)));
        var loop = host.Loop();
        await loop.Submit(static () => Loop.ToThread(static () => 1), Token);
        host.Dispose();
        loop.IsClosed.Should().BeTrue();
    }

    [Fact]
    public async Task A_start_that_fails_leaves_no_loop_behind()
    {
        Loop loop;
        using (var host = Hosts.Build(static services => services.AddEventLoop().AddHostedService<Broken>()))
        {
            loop = host.Loop();
            await host.Invoking(static host => host.StartAsync(Token)).Should().ThrowAsync<InvalidOperationException>().WithMessage("broken");
        }

        loop.IsClosed.Should().BeTrue();
    }

    [Fact]
    public async Task A_loop_that_is_stopped_under_the_host_stops_the_host_and_is_told_by_its_stop()
    {
        using var host = await Hosts.StartAsync(static services => services.AddEventLoop());
        var stopping = host.Stopping();
        host.Loop().Stop();
        await stopping;
        await host.Invoking(static host =>
            host.StopAsync(Token)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*'application' ended before the host was stopped*");
        host.Loop().IsClosed.Should().BeTrue();
    }

    [Fact]
    public async Task The_cancellation_of_all_tasks_of_the_loop_stops_the_host_as_well()
    {
        using var host = await Hosts.StartAsync(static services => services.AddEventLoop());
        var stopping = host.Stopping();
        host.Loop().Post(static () =>
        {
            foreach (var task in Loop.Current.Tasks.ToList())
            {
                task.Cancel();
            }
        });
        await stopping;
        await host.Invoking(static host => host.StopAsync(Token)).Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task A_host_that_is_started_and_stopped_on_another_loop_blocks_neither()
    {
        await Task.Run(
            static () => Loop.Run(async Coroutine () =>
            {
                using var host = Hosts.Build(static services => services.AddEventLoop());
                await host.StartAsync(Loop.CancellationToken);
                (await host.Loop().Submit(static () => Loop.Current.Name)).Should().Be("application");
                await host.StopAsync(Loop.CancellationToken);
            }),
            Token);
    }

    [Fact]
    public async Task A_host_that_is_stopped_from_its_own_loop_ends()
    {
        using var host = await Hosts.StartAsync(static services => services.AddEventLoop());
        var loop = host.Loop();
        Task? stop = null;
        await loop.Submit(() => { stop = host.StopAsync(CancellationToken.None); }, Token);
        await stop!.WaitAsync(Hosts.Patience, Token);
        loop.IsClosed.Should().BeTrue();
    }

    private static async Coroutine StubbornAsync()
    {
        while (true)
        {
            try
            {
                await Loop.Sleep(TimeSpan.FromHours(1));
            }
            catch (LoopCanceledException)
            {
            }
        }
    }

    private class StartWitness(Loop loop, List<string> seen) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Note("start");

        public Task StopAsync(CancellationToken cancellationToken) => Note("stop");

        protected async Task Note(string when)
        {
            bool runs = await loop.Submit(static () => Loop.Current.IsRunning).WaitAsync(Hosts.Patience);
            seen.Add($"{when}: {(runs ? "runs" : "does not run")}");
        }
    }

    private sealed class Witness(Loop loop, List<string> seen) : StartWitness(loop, seen), IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => Note("starting");

        public Task StartedAsync(CancellationToken cancellationToken) => Note("started");

        public Task StoppingAsync(CancellationToken cancellationToken) => Note("stopping");

        public Task StoppedAsync(CancellationToken cancellationToken) => Note("stopped");
    }

    private sealed class Broken : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("broken");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
