using System.Net;
using System.Net.Sockets;
using EventLoop;
using EventLoop.Orleans;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using StackExchange.Redis;

namespace Cluster;

/// <summary>Silos and clients on this machine, with their membership in Redis.</summary>
internal static class Hosts
{
    internal static IHost Silo(string redis)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.Services.AddSingleton<IHostLifetime, LoopLifetime>();
        builder.UseOrleans(silo =>
        {
            silo.UseRedisClustering(options => options.ConfigurationOptions = At(redis));
            silo.ConfigureEndpoints(IPAddress.Loopback, FreePort(), FreePort());
            silo.AddEventLoopWorkers(static options => options.Workers = 1);
            silo.Services.Configure<ClusterOptions>(static options => options.ClusterId = options.ServiceId = "eventloop-sample");
            silo.Services.Configure<ClusterMembershipOptions>(static options =>
            {
                options.ProbeTimeout = TimeSpan.FromSeconds(1);       // a killed silo is known after some seconds
                options.NumVotesForDeathDeclaration = 1;
            });
        });
        return builder.Build();
    }

    internal static IHost Client(string redis)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.Services.AddSingleton<IHostLifetime, LoopLifetime>();
        builder.UseOrleansClient(client =>
        {
            client.UseRedisClustering(options => options.ConfigurationOptions = At(redis)).UseClusterExecutor();
            client.Services.Configure<ClusterOptions>(static options => options.ClusterId = options.ServiceId = "eventloop-sample");
        });
        return builder.Build();
    }

    /// <summary>Starts a host, and says what is missing.</summary>
    /// <returns>Whether it runs.</returns>
    internal static async Coroutine<bool> StartAsync(IHost host, string redis, string missing)
    {
        var starting = Loop.CreateTask(async Coroutine () => await host.StartAsync(Loop.CancellationToken));
        try
        {
            if (await Loop.Wait([starting], TimeSpan.FromSeconds(3)) is { Pending.Count: > 0 })
            {
                Console.Error.WriteLine($"Still waiting: {missing}.");
            }

            await starting;
            return true;
        }
        catch (RedisConnectionException)
        {
            Console.Error.WriteLine($"No Redis responds at {redis}. Start redis-server, name another one by --redis, or try 'demo', which has its own.");
            return false;
        }
    }

    private static ConfigurationOptions At(string redis)
    {
        var options = ConfigurationOptions.Parse(redis);
        options.AbortOnConnectFail = false;
        return options;
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Ctrl-C and SIGTERM are the loop's, which cancels main; the host hears of it by that.</summary>
    private sealed class LoopLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
