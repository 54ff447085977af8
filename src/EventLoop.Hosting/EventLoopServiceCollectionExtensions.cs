using EventLoop;
using EventLoop.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The application's loop among its services.</summary>
public static class EventLoopServiceCollectionExtensions
{
    private const string Section = "EventLoop";
    private const string DefaultName = "application";

    /// <summary>
    /// Adds the application's loop: <see cref="Loop"/> and <see cref="IExecutor"/> by injection. The host runs the loop on a thread of its own, starts it
    /// before all other services and stops it after them.
    /// </summary>
    /// <param name="services">The services of a host: the loop starts and stops with it.</param>
    /// <param name="configure">Sets options, after the section <c>EventLoop</c> of the configuration. Null: nothing.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <remarks>
    /// <para>The loop can be injected from the first moment on, also into constructors of services; what is submitted to it before the host starts begins
    /// then.</para>
    /// <para>An <see cref="IExecutor"/> that was added before is the loop's default executor; otherwise that is the thread pool.</para>
    /// <para>Signals belong to the host: SIGTERM and Ctrl-C stop it in order, and the loop with it. A loop that ends by itself stops the host: a
    /// <see cref="LoopExitException"/> gives the exit code, anything else is logged, and thrown by the host's stop.</para>
    /// <para>Calling it again adds options to the same loop.</para>
    /// </remarks>
    public static IServiceCollection AddEventLoop(this IServiceCollection services, Action<HostedLoopOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        Add(services, null, Options.Options.DefaultName, Section);
        return Configure(services, Options.Options.DefaultName, configure);
    }

    /// <summary>Adds the application's loop, with its options from a section of the configuration.</summary>
    /// <param name="services">The services of a host: the loop starts and stops with it.</param>
    /// <param name="configuration">The section with the options.</param>
    /// <inheritdoc cref="AddEventLoop(IServiceCollection, Action{HostedLoopOptions})" path="/returns|/remarks"/>
    public static IServiceCollection AddEventLoop(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return services.AddEventLoop(options => configuration.Bind(options));
    }

    /// <summary>Adds an existing loop for injection: usually the one on which the host itself is started. It is neither started nor stopped.</summary>
    /// <param name="services">The services that it is added to.</param>
    /// <param name="loop">Whoever made it runs it, for as long as the services use it.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <remarks>Of the section <c>EventLoop</c> of the configuration, <see cref="HostedLoopOptions.HeartbeatLimit"/> applies: the loop has its options
    /// already. A value that is not more than zero is refused when the host starts.</remarks>
    /// <exception cref="InvalidOperationException">The services have a loop already.</exception>
    public static IServiceCollection AddEventLoop(this IServiceCollection services, Loop loop)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(loop);
        if (services.Any(static service => service.ServiceType == typeof(Loop) && !service.IsKeyedService))
        {
            throw new InvalidOperationException("The services have a loop already. Another one is added under a key: AddKeyedEventLoop(key).");
        }

        AddOptions(services, Options.Options.DefaultName, Section);
        services.AddOptions<HostedLoopOptions>().Validate(static options =>
        {
            options.Verify();
            return true;
        }).ValidateOnStart();
        services.AddSingleton(loop);
        services.TryAddSingleton<IExecutor>(static _ => new HostExecutor(new LoopOptions().ShutdownTimeout));
        services.AddSingleton(provider => new Heartbeat(loop, provider.GetRequiredService<IOptions<HostedLoopOptions>>().Value.HeartbeatLimit));
        return services;
    }

    /// <summary>Adds a loop under a key, with a thread of its own: injected by <c>[FromKeyedServices(key)] Loop loop</c>.</summary>
    /// <param name="services">The services of a host: the loop starts and stops with it.</param>
    /// <param name="key">Distinguishes it from others; as text it names the options (<c>EventLoop:KEY</c> in the configuration).</param>
    /// <param name="configure">Sets options, after the section of the configuration. Null: nothing.</param>
    /// <inheritdoc cref="AddEventLoop(IServiceCollection, Action{HostedLoopOptions})" path="/returns|/remarks"/>
    public static IServiceCollection AddKeyedEventLoop(this IServiceCollection services, object key, Action<HostedLoopOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(key);
        string name = NameOf(key);
        Add(services, key, name, $"{Section}:{name}");
        return Configure(services, name, configure);
    }

    private static string NameOf(object key) => key.ToString() is { Length: > 0 } text ? text
        : throw new ArgumentException("As text the key names the loop's options; this one is empty.", nameof(key));

    private static IServiceCollection Configure(IServiceCollection services, string name, Action<HostedLoopOptions>? configure)
    {
        if (configure is not null)
        {
            services.Configure(name, configure);
        }

        return services;
    }

    private static void Add(IServiceCollection services, object? key, string name, string section)
    {
        if (services.Any(service => service.ServiceType == typeof(LoopHost) && Equals(service.ServiceKey, key)))
        {
            return;
        }

        if (key is null && services.Any(static service => service.ServiceType == typeof(Loop) && !service.IsKeyedService))
        {
            throw new InvalidOperationException("The services have a loop already. Another one is added under a key: AddKeyedEventLoop(key).");
        }

        AddOptions(services, name, section);
        if (key is null)
        {
            services.TryAddSingleton<IExecutor>(provider => NewExecutor(provider, name));
            services.AddSingleton(provider => NewHost(provider, key, name));
            services.AddSingleton(static provider => provider.GetRequiredService<LoopHost>().Heartbeat);
            services.AddSingleton(static provider => provider.GetRequiredService<LoopHost>().Loop);
        }
        else
        {
            services.TryAddKeyedSingleton<IExecutor>(key, (provider, _) => NewExecutor(provider, name));
            services.AddKeyedSingleton(key, (provider, _) => NewHost(provider, key, name));
            services.AddKeyedSingleton(key, static (provider, key) => provider.GetRequiredKeyedService<LoopHost>(key).Heartbeat);
            services.AddKeyedSingleton(key, static (provider, key) => provider.GetRequiredKeyedService<LoopHost>(key).Loop);
        }

        // The first of all hosted services: started before those that were added earlier, and stopped after them.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(provider =>
        {
            _ = provider.GetRequiredKeyedService<Loop>(key);       // disposed after what is made below, and so when it has ended
            return new HostedLoop(provider.GetRequiredKeyedService<LoopHost>(key));
        }));
    }

    private static void AddOptions(IServiceCollection services, string name, string section)
    {
        services.AddOptions();
        services.AddSingleton<IConfigureOptions<HostedLoopOptions>>(provider => new ConfigureNamedOptions<HostedLoopOptions>(
            name, options => provider.GetService<IConfiguration>()?.GetSection(section).Bind(options)));
    }

    private static HostedLoopOptions OptionsOf(IServiceProvider provider, string name) =>
        provider.GetRequiredService<IOptionsMonitor<HostedLoopOptions>>().Get(name);

    private static HostExecutor NewExecutor(IServiceProvider provider, string name)
    {
        var options = new LoopOptions();
        if (OptionsOf(provider, name).ShutdownTimeout is { } own)
        {
            options = options with { ShutdownTimeout = own };
        }

        return new HostExecutor(options.ForTimers().ShutdownTimeout);
    }

    private static LoopHost NewHost(IServiceProvider provider, object? key, string name)
    {
        var options = OptionsOf(provider, name);
        var loopOptions = options.ToLoopOptions(key is null ? DefaultName : name, provider.GetRequiredKeyedService<IExecutor>(key),
            provider.GetService<ILoggerFactory>());
        return new LoopHost(loopOptions, options.HeartbeatLimit, provider.GetService<IHostApplicationLifetime>());
    }
}
