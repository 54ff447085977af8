using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EventLoop.Hosting.Tests;

/// <summary>Hosts for tests: no console, no files.</summary>
internal static class Hosts
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static IHost Build(Action<HostApplicationBuilder> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        configure(builder);
        return builder.Build();
    }

    public static IHost Build(Action<IServiceCollection> configure) => Build((HostApplicationBuilder builder) => configure(builder.Services));

    public static async Task<IHost> StartAsync(Action<IServiceCollection> configure)
    {
        var host = Build(configure);
        await host.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    public static Loop Loop(this IHost host) => host.Services.GetRequiredService<Loop>();

    public static LoopOptions LoopOptions(this IHost host, object? key = null) => host.Services.GetRequiredKeyedService<LoopHost>(key).Options;

    /// <summary>Until the application is asked to stop.</summary>
    public static Task Stopping(this IHost host)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() => asked.TrySetResult());
        return asked.Task.WaitAsync(Patience);
    }
}
