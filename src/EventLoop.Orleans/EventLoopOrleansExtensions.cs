using EventLoop.Orleans.Workers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;

namespace EventLoop.Orleans;

/// <summary>Workers on silos, and what clients need to use them.</summary>
public static class EventLoopOrleansExtensions
{
    /// <summary>Makes the silo run the work that <see cref="ClusterExecutor"/>s send: on threads of its own, and asynchronous work on a loop; never on the
    /// silo's scheduler.</summary>
    /// <param name="builder">The silo's builder.</param>
    /// <param name="configure">Null: the defaults.</param>
    /// <returns>The builder.</returns>
    public static ISiloBuilder AddEventLoopWorkers(this ISiloBuilder builder, Action<EventLoopWorkerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (configure is not null)
        {
            builder.Services.Configure(configure);
        }

        builder.Services.TryAddSingleton<SiloWorkers>();
        builder.Services.Configure<SiloMessagingOptions>(static options => options.CancelRequestOnTimeout = true);
        return builder;
    }

    /// <summary>Makes calls wait for the acknowledgement of their cancellation, and registers a <see cref="ClusterExecutor"/> of this client.</summary>
    /// <param name="builder">The client's builder.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <returns>The builder.</returns>
    public static IClientBuilder UseClusterExecutor(this IClientBuilder builder, ClusterExecutorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure<ClientMessagingOptions>(static options =>
        {
            options.WaitForCancellationAcknowledgement = true;
            options.CancelRequestOnTimeout = true;
        });
        builder.Services.TryAddSingleton(services => new ClusterExecutor(services.GetRequiredService<IClusterClient>(), options));
        return builder;
    }
}
