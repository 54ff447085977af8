using System.Net;
using System.Net.Sockets;
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
        builder.UseOrleansClient(client =>
        {
            client.UseRedisClustering(options => options.ConfigurationOptions = At(redis)).UseClusterExecutor();
            client.Services.Configure<ClusterOptions>(static options => options.ClusterId = options.ServiceId = "eventloop-sample");
        });
        return builder.Build();
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
}
