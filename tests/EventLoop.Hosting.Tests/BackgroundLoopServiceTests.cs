using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EventLoop.Hosting.Tests;

/// <summary>Services whose body is a coroutine.</summary>
public sealed class BackgroundLoopServiceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_body_runs_on_the_loop_as_a_task_of_its_name_and_is_cancelled_at_the_hosts_stop()
    {
        var service = default(Scripted);
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        string end = "";
        using var host = await Hosts.StartAsync(services =>
        {
            services.AddEventLoop();
            services.AddHostedService(provider => service = new Scripted(provider.GetRequiredService<Loop>(), async Coroutine () =>
            {
                told.SetResult($"{Loop.CurrentTask!.Name} on {Loop.Current.Name}");
                try
                {
                    await Loop.Sleep(TimeSpan.FromHours(1));
                }
                catch (LoopCanceledException)
                {
                    end = $"cancelled on {Loop.Current.Name}, {(Loop.CancellationToken.IsCancellationRequested ? "its token too" : "but its token is not")}";
                    throw;
                }
            }));
        });
        (await told.Task.WaitAsync(Hosts.Patience, Token)).Should().Be("Scripted on application");
        await host.StopAsync(Token);
        end.Should().Be("cancelled on application, its token too");
        service!.ExecuteTask!.IsCanceled.Should().BeTrue();
    }

    [Fact]
    public async Task One_that_fails_stops_the_host_and_the_rest_of_the_loop_ends_in_order()
    {
        bool cleaned = false;
        using var host = await Hosts.StartAsync(services =>
        {
            services.AddEventLoop();
            services.AddHostedService(provider => new Scripted(provider.GetRequiredService<Loop>(), async Coroutine () =>
            {
                _ = Loop.CreateTask(async Coroutine () =>
                {
                    try
                    {
                        await Loop.Sleep(TimeSpan.FromHours(1));
                    }
                    finally
                    {
                        cleaned = true;
                    }
                });
                await Loop.Sleep(1);
                throw new InvalidOperationException("the service is broken");
            }));
        });
        await host.Stopping();
        await host.StopAsync(Token);
        cleaned.Should().BeTrue();
        host.Loop().IsClosed.Should().BeTrue();
    }

    [Fact]
    public async Task One_that_fails_leaves_the_host_alone_where_its_options_say_so()
    {
        var service = default(Scripted);
        using var host = await Hosts.StartAsync(services =>
        {
            services.Configure<HostOptions>(static options => options.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore);
            services.AddEventLoop();
            services.AddHostedService(provider => service = new Scripted(provider.GetRequiredService<Loop>(), static async Coroutine () =>
            {
                await Loop.Sleep(1);
                throw new InvalidOperationException("the service is broken");
            }));
        });
        await service!.ExecuteTask!.Invoking(static task =>
            task.WaitAsync(Hosts.Patience)).Should().ThrowAsync<InvalidOperationException>().WithMessage("the service is broken");
        (await host.Loop().Submit(static () => 1, Token)).Should().Be(1);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task One_that_returns_has_done_its_work()
    {
        var service = default(Scripted);
        using var host = await Hosts.StartAsync(services =>
        {
            services.AddEventLoop();
            services.AddHostedService(provider =>
                service = new Scripted(provider.GetRequiredService<Loop>(), static async Coroutine () => await Loop.Sleep(1)));
        });
        await service!.ExecuteTask!.WaitAsync(Hosts.Patience, Token);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task Started_without_the_loop_it_says_what_to_do()
    {
        using var host = Hosts.Build(static services => services.AddEventLoop());
        using var service = new Scripted(host.Loop(), static async Coroutine () => await Loop.Sleep(1));
        await service.Invoking(static service => service.StartAsync(Token)).Should().ThrowAsync<InvalidOperationException>()
            .WithMessage("Scripted cannot start: loop 'application' does not run yet.*start the host*");
        await host.StartAsync(Token);
        await host.StopAsync(Token);
        await service.Invoking(static service =>
            service.StartAsync(Token)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*'application' has ended*");
    }

    [Fact]
    public async Task Its_cleanup_may_use_other_services_on_the_loop()
    {
        var order = new List<string>();
        using var host = await Hosts.StartAsync(services =>
        {
            services.AddEventLoop();
            services.AddHostedService(provider => new Other(provider.GetRequiredService<Loop>(), WaitThen("the first ends")));
            services.AddHostedService(provider => new Scripted(provider.GetRequiredService<Loop>(), WaitThen("the second ends")));
        });
        var loop = host.Loop();
        while (await loop.Submit(static () => Loop.Current.Statistics.TimerCount, Token) < 2)
        {
            await Task.Yield();
        }

        await host.StopAsync(Token);
        order.Should().Equal("the second ends", "the first ends");

        Func<Coroutine> WaitThen(string what) => async Coroutine () =>
        {
            try
            {
                await Loop.Sleep(TimeSpan.FromHours(1));
            }
            finally
            {
                await CancelScope.Run(async _ => await Loop.Sleep(1), Timeout.InfiniteTimeSpan, shield: true);
                order.Add(what);
            }
        };
    }

    private class Scripted(Loop loop, Func<Coroutine> body) : BackgroundLoopService(loop)
    {
        protected override Coroutine ExecuteAsync() => body();
    }

    private sealed class Other(Loop loop, Func<Coroutine> body) : Scripted(loop, body);
}
