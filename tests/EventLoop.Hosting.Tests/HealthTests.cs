using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace EventLoop.Hosting.Tests;

/// <summary>The health of a loop is whether it comes round.</summary>
public sealed class HealthTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_loop_that_comes_round_is_healthy_and_gives_figures()
    {
        using var host = await Hosts.StartAsync(static services => services.AddEventLoop().AddHealthChecks().AddEventLoop());
        var report = (await CheckAsync(host)).Entries["loop"];
        report.Status.Should().Be(HealthStatus.Healthy);
        report.Data.Keys.Should().BeEquivalentTo("tasks", "ready", "timers", "steps", "busy", "idle", "delay");
        await host.StopAsync(Token);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(10_675_199)]
    public async Task A_limit_of_any_number_of_days_is_a_limit(int days)
    {
        using var host = await Hosts.StartAsync(services =>
            services.AddEventLoop(options => options.HeartbeatLimit = TimeSpan.FromDays(days)).AddHealthChecks().AddEventLoop());
        (await CheckAsync(host)).Status.Should().Be(HealthStatus.Healthy);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task Of_a_blocked_loop_the_task_is_named_whose_step_does_not_end()
    {
        using var host = await Hosts.StartAsync(static services =>
            services.AddLogging().AddEventLoop(static options => options.HeartbeatLimit = TimeSpan.FromMilliseconds(100)).AddHealthChecks().AddEventLoop());
        using var end = new ManualResetEventSlim();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocked = host.Loop().Submit(
            async Coroutine () =>
            {
                Loop.CurrentTask!.Name = "greedy";
                await Loop.Yield();
                begun.SetResult();
                end.Wait();
            },
            Token);
        await begun.Task.WaitAsync(Hosts.Patience, Token);

        for (int i = 0; i < 3; i++)
        {
            var report = (await CheckAsync(host)).Entries["loop"];
            report.Status.Should().Be(HealthStatus.Unhealthy);
            report.Description.Should().Be("Loop 'application' has not come round for more than 0.1 s: it is in a step of task 'greedy'. "
                + "What blocks there has to be awaited, or moved to Loop.ToThread(...), as has what computes.");
        }

        host.Loop().Statistics.ReadyCount.Should().BeLessThan(3, "one heartbeat is under way, however many ask");
        end.Set();
        await blocked.WaitAsync(Hosts.Patience, Token);
        (await CheckAsync(host)).Status.Should().Be(HealthStatus.Healthy);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task A_loop_that_does_not_run_is_unhealthy_or_what_was_asked_for()
    {
        using var host = Hosts.Build(static services => services.AddEventLoop().AddHealthChecks().AddEventLoop("mine", HealthStatus.Degraded, ["ready"]));
        var before = (await CheckAsync(host)).Entries["mine"];
        before.Status.Should().Be(HealthStatus.Degraded);
        before.Description.Should().Be("Loop 'application' does not run yet.");
        before.Tags.Should().Equal("ready");
        await host.StartAsync(Token);
        await host.StopAsync(Token);
        (await CheckAsync(host)).Entries["mine"].Description.Should().Be("Loop 'application' has ended.");
    }

    [Fact]
    public async Task A_check_on_the_loop_itself_does_not_wait_for_itself()
    {
        using var host = await Hosts.StartAsync(static services => services.AddEventLoop().AddHealthChecks().AddEventLoop());
        var report = await host.Loop().Submit(async Coroutine<HealthReport> () => await CheckAsync(host), Token);
        report.Status.Should().Be(HealthStatus.Healthy);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task Loops_under_keys_are_checked_each()
    {
        using var host = await Hosts.StartAsync(static services =>
            services.AddEventLoop().AddKeyedEventLoop("io").AddHealthChecks().AddEventLoop().AddKeyedEventLoop("io"));
        (await CheckAsync(host)).Entries.Keys.Should().BeEquivalentTo("loop", "loop io");
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task Without_a_loop_the_check_says_what_is_missing()
    {
        using var host = Hosts.Build(static services => services.AddHealthChecks().AddEventLoop());
        var check = host.Services.GetRequiredService<HealthCheckService>();
        await check.Invoking(static check =>
            check.CheckHealthAsync(Token)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*services.AddEventLoop()*");
    }

    private static Task<HealthReport> CheckAsync(IHost host) =>
        host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token).WaitAsync(Hosts.Patience, Token);
}
