using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace EventLoop.Orleans.Tests;

/// <summary>A cluster of two silos in this process, with membership in memory, for all tests that leave it whole.</summary>
public sealed class Cluster : IAsyncLifetime
{
    private InProcessTestCluster? cluster;

    internal IClusterClient Client => cluster!.Client;

    internal InProcessTestCluster Silos => cluster!;

    public async ValueTask InitializeAsync()
    {
        cluster = Build(2);
        await cluster.DeployAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (cluster is not null)
        {
            await cluster.StopAllSilosAsync(CancellationToken.None);
            await cluster.DisposeAsync();
        }
    }

    internal static InProcessTestCluster Build(short silos, TimeSpan? abandonedAfter = null, int? messageSize = null)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddEventLoopWorkers(options =>
            {
                options.Workers = 2;
                options.AbandonedAfter = abandonedAfter ?? options.AbandonedAfter;
            });
            silo.Services.Configure<SiloMessagingOptions>(options => options.MaxMessageBodySize = messageSize ?? options.MaxMessageBodySize);
            silo.Services.Configure<ClusterMembershipOptions>(static options =>
            {
                options.ProbeTimeout = TimeSpan.FromSeconds(1);
                options.NumMissedProbesLimit = 2;
                options.NumVotesForDeathDeclaration = 1;
            });
        });
        builder.ConfigureClient(client =>
        {
            client.UseClusterExecutor();
            client.Services.Configure<ClientMessagingOptions>(options => options.MaxMessageBodySize = messageSize ?? options.MaxMessageBodySize);
            client.Services.Configure<GatewayOptions>(static options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(1));
        });
        return builder.Build();
    }
}

/// <summary>One cluster for the classes that share it, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ClusterTests : ICollectionFixture<Cluster>
{
    public const string Name = "cluster";
}
