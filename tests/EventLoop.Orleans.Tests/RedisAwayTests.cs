using System.Net;
using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Samples;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using StackExchange.Redis;

namespace EventLoop.Orleans.Tests;

/// <summary>Membership in a real Redis, which is away for a while.</summary>
public sealed class RedisAwayTests
{
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(5);

    [Fact]
    public void Work_goes_on_while_Redis_is_away_and_after()
    {
        Assert.SkipUnless(OwnServer.Redis.IsInstalled, OwnServer.Redis.HowToInstall);
        Loop.Run(
            async Coroutine () => await Loop.WaitFor(RunWithout(), TimeSpan.FromSeconds(120)),
            new LoopOptions { HandleInterrupt = false });
    }

    // At the same time, and so on more than one silo: one after the other they go to the quicker one.
    private static async Coroutine<IEnumerable<string>> RunSome(ClusterExecutor executor) =>
        await Loop.Gather(Enumerable.Range(0, 16).Select(_ => executor.Run(static () => ClusterWork.Silo!)));

    private static async Coroutine RunWithout()
    {
        int port = FreePort();
        var command = new ProcessCommand(OwnServer.Redis.Find(), OwnServer.Redis.Arguments(Path.GetTempPath(), port))
        {
            Output = Stdio.Null,
            KillOnParentExit = true,
        };
        await using var redis = await Subprocess.StartAsync(command);
        await UntilItAnswers(port);
        List<IHost> hosts = [Silo(port), Silo(port), Client(port)];
        try
        {
            foreach (var host in hosts)
            {
                await host.StartAsync(Loop.CancellationToken);
            }

            var executor = hosts[^1].Services.GetRequiredService<ClusterExecutor>();
            HashSet<string> before = [];
            while (before.Count < 2)
            {
                before.UnionWith(await RunSome(executor));
            }

            redis.Signal(Signals.SIGSTOP);
            HashSet<string> meanwhile = [];
            int done = 0;
            for (var since = Loop.Current.Time; Loop.Current.Time - since < Away; done++)
            {
                meanwhile.UnionWith(await RunSome(executor));
                await Loop.Sleep(TimeSpan.FromMilliseconds(20));
            }

            redis.Signal(System.Runtime.InteropServices.PosixSignal.SIGCONT);
            done.Should().BeGreaterThan(0);
            meanwhile.Should().BeSubsetOf(before, "silos know each other without asking Redis each time");
            for (int i = 0; i < 10; i++)
            {
                before.Should().Contain(await RunSome(executor));
            }

            executor.Statistics.Lost.Should().Be(0);
        }
        finally
        {
            redis.Signal(System.Runtime.InteropServices.PosixSignal.SIGCONT);
            await CancelScope.Run(
                async _ =>
                {
                    foreach (var host in Enumerable.Reverse(hosts))
                    {
                        await host.StopAsync();
                        host.Dispose();
                    }
                },
                TimeSpan.FromSeconds(30),
                shield: true);
        }
    }

    private static async Coroutine UntilItAnswers(int port)
    {
        while (true)
        {
            try
            {
                await using var connection = await Tcp.ConnectAsync("127.0.0.1", port);
                return;
            }
            catch (Exception failure) when (failure is IOException or SocketException)
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(20));
            }
        }
    }

    private static IHost Silo(int redis)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.UseOrleans(silo =>
        {
            silo.UseRedisClustering(options => options.ConfigurationOptions = At(redis));
            silo.ConfigureEndpoints(IPAddress.Loopback, FreePort(), FreePort());
            silo.AddEventLoopWorkers(static options => options.Workers = 1);
            silo.Services.Configure<ClusterOptions>(static options => options.ClusterId = options.ServiceId = "away");
        });
        return builder.Build();
    }

    private static IHost Client(int redis)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.UseOrleansClient(client =>
        {
            client.UseRedisClustering(options => options.ConfigurationOptions = At(redis)).UseClusterExecutor();
            client.Services.Configure<ClusterOptions>(static options => options.ClusterId = options.ServiceId = "away");
        });
        return builder.Build();
    }

    private static ConfigurationOptions At(int port)
    {
        var options = ConfigurationOptions.Parse($"127.0.0.1:{port}");
        options.AbortOnConnectFail = false;
        return options;
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
