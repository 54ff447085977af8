using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EventLoop.Hosting.Tests;

/// <summary>Options from configuration and code, executors, keyed loops, loops that exist.</summary>
public sealed class OptionsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Options_come_from_the_section_EventLoop_of_the_configuration()
    {
        using var host = Build(
            static services => services.AddEventLoop(),
            ("EventLoop:Name", "main"), ("EventLoop:Debug", "true"), ("EventLoop:ShutdownTimeout", "00:00:07"), ("EventLoop:ForeignGrace", "00:00:02"),
                ("EventLoop:BlockingCalls", "Warn"),
            ("EventLoop:SlowStepThreshold", "00:00:00.5"), ("EventLoop:StuckStepThreshold", "00:00:03"), ("EventLoop:EagerTasks", "true"),
                ("EventLoop:Poller", "Portable"), ("EventLoop:HeartbeatLimit", "00:00:04"));
        var loop = host.Loop();
        loop.Name.Should().Be("main");
        loop.Debug.Should().BeTrue();
        var expected = new LoopOptions
        {
            ShutdownTimeout = TimeSpan.FromSeconds(7), ForeignGrace = TimeSpan.FromSeconds(2), BlockingCalls = BlockingCallPolicy.Warn,
                SlowStepThreshold = TimeSpan.FromSeconds(0.5),
            StuckStepThreshold = TimeSpan.FromSeconds(3), EagerTasks = true, Poller = PollerKind.Portable, HandleInterrupt = false,
        };
        host.LoopOptions().Should().BeEquivalentTo(
            expected, static options =>
                options.Excluding(static o =>
                o.Name).Excluding(static o => o.Debug).Excluding(static o => o.LoggerFactory).Excluding(static o => o.DefaultExecutor));
        host.Services.GetRequiredService<Heartbeat>().Limit.Should().Be(TimeSpan.FromSeconds(4));
        await host.StartAsync(Token);
        await host.StopAsync(Token);
    }

    [Fact]
    public void What_code_says_comes_after_the_configuration()
    {
        using var host = Build(static services =>
            services.AddEventLoop(static options => options.Name = "code"), ("EventLoop:Name", "configuration"), ("EventLoop:ForeignGrace", "00:00:02"));
        host.Loop().Name.Should().Be("code");
        host.LoopOptions().ForeignGrace.Should().Be(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void Another_section_may_be_named()
    {
        using var host = Hosts.Build((HostApplicationBuilder builder) =>
        {
            builder.Configuration.AddInMemoryCollection([new("Mine:Name", "mine")]);
            builder.Services.AddEventLoop(builder.Configuration.GetSection("Mine"));
        });
        host.Loop().Name.Should().Be("mine");
    }

    [Fact]
    public void The_last_word_is_that_of_Adjust_but_signals_stay_the_hosts()
    {
        Func<Exception, bool> isCancellation = static _ => true;
        using var host = Hosts.Build((IServiceCollection services) =>
            services.AddEventLoop(options => options.Adjust = o => o with { IsCancellation = isCancellation, HandleInterrupt = true }));
        host.LoopOptions().IsCancellation.Should().BeSameAs(isCancellation);
        host.LoopOptions().HandleInterrupt.Should().BeFalse();
    }

    [Theory]
    [InlineData("ForeignGrace")]
    [InlineData("ShutdownTimeout")]
    public async Task A_value_that_no_loop_takes_fails_the_start_and_is_named(string option)
    {
        using var host = Build(static services => services.AddEventLoop(), ($"EventLoop:{option}", "-00:00:05"));
        (await host.Invoking(static host =>
            host.StartAsync(Token)).Should().ThrowAsync<ArgumentOutOfRangeException>()).Which.ParamName.Should().Be(option);
    }

    [Fact]
    public async Task A_heartbeat_without_time_is_refused()
    {
        using var host = Hosts.Build(static services => services.AddEventLoop(static options => options.HeartbeatLimit = TimeSpan.Zero));
        await host.Invoking(static host => host.StartAsync(Token)).Should().ThrowAsync<ArgumentOutOfRangeException>().WithMessage("*HeartbeatLimit*");
    }

    [Fact]
    public async Task Adding_it_twice_gives_one_loop_with_the_options_of_both()
    {
        using var host = await Hosts.StartAsync(static services =>
            services.AddEventLoop(static options => options.Name = "one").AddEventLoop(static options => options.ForeignGrace = TimeSpan.FromSeconds(9)));
        host.Services.GetServices<Loop>().Should().ContainSingle();
        host.Services.GetServices<IHostedService>().Should().ContainSingle();
        host.Loop().Name.Should().Be("one");
        host.LoopOptions().ForeignGrace.Should().Be(TimeSpan.FromSeconds(9));
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task The_injected_executor_is_the_loops_default_one()
    {
        using var host = await Hosts.StartAsync(static services => services.AddEventLoop());
        var executor = host.Services.GetRequiredService<IExecutor>();
        (await host.Loop().Submit(static () => Loop.Current.DefaultExecutor, Token)).Should().BeSameAs(executor);
        (await executor.SubmitAsync(static () => Thread.CurrentThread.IsThreadPoolThread, Token)).Should().BeTrue();
        await host.StopAsync(Token);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_executor_of_the_applications_own_is_the_loops(bool addedBefore)
    {
        await using var own = new DedicatedThreadExecutor(1, "own");
        using var host = await Hosts.StartAsync(services =>
        {
            _ = addedBefore ? services.AddSingleton<IExecutor>(own).AddEventLoop() : services.AddEventLoop().AddSingleton<IExecutor>(own);
        });
        (await host.Loop().Submit(static async Coroutine<string?> () =>
            await Loop.ToThread(static () => Thread.CurrentThread.Name), Token)).Should().StartWith("own");
        await host.StopAsync(Token);
        (await own.SubmitAsync(static () => 1, Token)).Should().Be(1, "whoever made it disposes it");
    }

    [Fact]
    public async Task Work_that_never_ends_does_not_hold_up_the_container()
    {
        using var never = new ManualResetEventSlim();
        var host = await Hosts.StartAsync(static services => services.AddEventLoop(static options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100)));
        _ = host.Services.GetRequiredService<IExecutor>().SubmitAsync(
            () =>
            {
                never.Wait();
                return 0;
            },
            Token);
        await host.StopAsync(Token);
        await Task.Run(host.Dispose, Token).WaitAsync(Hosts.Patience, Token);
        never.Set();
    }

    [Fact]
    public async Task Loops_under_keys_have_threads_and_options_of_their_own()
    {
        using var host = Build(
            static services =>
                services.AddEventLoop().AddKeyedEventLoop("io").AddKeyedEventLoop("cpu", static options => options.Debug = true).AddSingleton<Consumer>(),
            ("EventLoop:io:ForeignGrace", "00:00:02"));
        await host.StartAsync(Token);
        var (main, io, cpu) = (host.Loop(), host.Services.GetRequiredKeyedService<Loop>("io"), host.Services.GetRequiredKeyedService<Loop>("cpu"));
        new[] { main.Name, io.Name, cpu.Name }.Should().Equal("application", "io", "cpu");
        var threads = new HashSet<int>();
        foreach (var loop in new[] { main, io, cpu })
        {
            threads.Add(await loop.Submit(static () => Environment.CurrentManagedThreadId, Token));
        }

        threads.Should().HaveCount(3);
        host.LoopOptions("io").ForeignGrace.Should().Be(TimeSpan.FromSeconds(2));
        cpu.Debug.Should().BeTrue();
        host.Services.GetRequiredService<Consumer>().Io.Should().BeSameAs(io);
        await host.StopAsync(Token);
        new[] { main, io, cpu }.Should().OnlyContain(static loop => loop.IsClosed);
    }

    [Fact]
    public async Task A_loop_that_exists_is_injected_and_neither_started_nor_stopped()
    {
        await Task.Run(
            static () => Loop.Run(async Coroutine () =>
            {
                var loop = Loop.Current;
                bool ran = false;
                using (var host = Hosts.Build(services =>
                    services.AddEventLoop(loop).AddHostedService(provider => new Quick(provider.GetRequiredService<Loop>(), () => ran = true))))
                {
                    await host.StartAsync(Loop.CancellationToken);
                    host.Loop().Should().BeSameAs(loop);
                    await host.Services.GetServices<IHostedService>().OfType<Quick>().Single().ExecuteTask!;
                    await host.StopAsync(Loop.CancellationToken);
                }

                ran.Should().BeTrue();
                await Loop.Sleep(1);
            }),
            Token);
    }

    [Fact]
    public async Task The_configuration_says_how_long_the_heart_of_a_loop_that_exists_may_stand_still()
    {
        using var loop = new Loop();
        using (var host = Build(services => services.AddEventLoop(loop), ("EventLoop:HeartbeatLimit", "00:00:07")))
        {
            host.Services.GetRequiredService<Heartbeat>().Limit.Should().Be(TimeSpan.FromSeconds(7));
            await host.StartAsync(TestContext.Current.CancellationToken);
            await host.StopAsync(TestContext.Current.CancellationToken);
        }

        using var refused = Build(services => services.AddEventLoop(loop), ("EventLoop:HeartbeatLimit", "00:00:00"));
        await refused.Invoking(static host => host.StartAsync(TestContext.Current.CancellationToken)).Should().ThrowAsync<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void A_second_loop_without_a_key_is_refused()
    {
        using var loop = new Loop();
        new ServiceCollection().AddEventLoop().Invoking(services =>
            services.AddEventLoop(loop)).Should().Throw<InvalidOperationException>().WithMessage("*AddKeyedEventLoop*");
        new ServiceCollection().AddEventLoop(loop).Invoking(static services =>
            services.AddEventLoop()).Should().Throw<InvalidOperationException>().WithMessage("*AddKeyedEventLoop*");
    }

    private static IHost Build(Action<IServiceCollection> configure, params (string Key, string Value)[] settings) =>
        Hosts.Build((HostApplicationBuilder builder) =>
    {
        builder.Configuration.AddInMemoryCollection(settings.Select(static setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        configure(builder.Services);
    });

    private sealed class Consumer([FromKeyedServices("io")] Loop io)
    {
        public Loop Io => io;
    }

    private sealed class Quick(Loop loop, Action action) : BackgroundLoopService(loop)
    {
        protected override async Coroutine ExecuteAsync()
        {
            await Loop.Sleep(1);
            action();
        }
    }
}
