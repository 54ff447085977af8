using System.Diagnostics.CodeAnalysis;
using EventLoop.AspNetCore.Requests;
using EventLoop.AspNetCore.Results;
using EventLoop.AspNetCore.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace EventLoop.AspNetCore;

/// <summary>Serves ASP.NET Core applications from event loops.</summary>
public static class EventLoopWebExtensions
{
    private const string NotForNative =
        "EventLoop.AspNetCore is not made for NativeAOT or trimming: it finds the types of async sequences, and endpoints, by reflection.";

    /// <summary>
    /// Serves the application from an event loop: its connections, and its handlers with all that they await, run on one thread, one at a time between awaits.
    /// If the services contain a <see cref="Loop"/> (<c>AddEventLoop</c> of EventLoop.Hosting) it is that one; otherwise, if this is called where a loop runs,
    /// that one; otherwise it has threads of its own, which it starts and stops with the server.
    /// </summary>
    /// <param name="builder">The builder of the application.</param>
    /// <param name="configure">Null: one loop, with the defaults.</param>
    /// <returns>The same builder.</returns>
    [RequiresUnreferencedCode(NotForNative)]
    [RequiresDynamicCode(NotForNative)]
    public static WebApplicationBuilder UseEventLoop(this WebApplicationBuilder builder, Action<EventLoopServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        Add(builder.Services, configure);
        return builder;
    }

    /// <inheritdoc cref="UseEventLoop(WebApplicationBuilder, Action{EventLoopServerOptions}?)"/>
    [RequiresUnreferencedCode(NotForNative)]
    [RequiresDynamicCode(NotForNative)]
    public static IWebHostBuilder UseEventLoop(this IWebHostBuilder builder, Action<EventLoopServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureServices(services => Add(services, configure));
    }

    private static void Add(IServiceCollection services, Action<EventLoopServerOptions>? configure)
    {
        var options = services.AddOptions<EventLoopServerOptions>();
        if (!services.Any(static service => service.ServiceType == typeof(ServerLoops)))
        {
            options.BindConfiguration("EventLoop:Server");
            Loop.TryGetCurrent(out var here);
            services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ServerLoops>(provider, new GivenLoop(here)));
            services.AddSingleton<IConnectionListenerFactory, LoopTransportFactory>();                      // the last one is asked first
            services.Insert(0, ServiceDescriptor.Singleton<IStartupFilter, RequestFilter>());               // the first one is the outermost
            services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<HubOptions>>(                  // and the first filter, too
                new ConfigureNamedOptions<HubOptions>(Options.DefaultName, static hubs => hubs.AddFilter<HubFilter>())));
            services.TryAddSingleton<HubFilter>();
            services.AddSingleton<IConfigureOptions<MvcOptions>, StayingMvcResults>();
        }

        if (configure is not null)
        {
            options.Configure(configure);
        }
    }
}
