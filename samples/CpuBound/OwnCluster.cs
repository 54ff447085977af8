using System.Net;
using System.Net.Sockets;
using EventLoop;
using EventLoop.Orleans;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;

namespace CpuBound;

/// <summary>Two silos, each a process of this program, and a client of theirs. samples/Cluster has one that outlives its silos.</summary>
internal sealed class OwnCluster : IAsyncDisposable
{
    private readonly List<Subprocess> _silos = [];
    private IHost? _client;

    public ClusterExecutor Executor => _client!.Services.GetRequiredService<ClusterExecutor>();

    public static async Coroutine<OwnCluster> StartAsync(int silos)
    {
        var cluster = new OwnCluster();
        try
        {
            int primary = FreePort();
            int[] gateways = [.. Enumerable.Range(0, silos).Select(static _ => FreePort())];
            for (int i = 0; i < silos; i++)
                await cluster.StartSiloAsync(i == 0 ? primary : FreePort(), gateways[i], primary);

            var builder = Host.CreateApplicationBuilder();
            builder.Logging.SetMinimumLevel(LogLevel.Critical);
            builder.UseOrleansClient(client => client.UseLocalhostClustering(gateways).UseClusterExecutor());
            cluster._client = builder.Build();
            await cluster._client.StartAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_client is not null)
                await _client.StopAsync();
        }
        finally
        {
            _client?.Dispose();
            foreach (Subprocess silo in _silos)
                await silo.DisposeAsync();
        }
    }

    /// <summary>What the process of a silo does: until its input ends.</summary>
    public static async Task<int> BeSiloAsync(int port, int gateway, int primary)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Critical);
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering(port, gateway, new IPEndPoint(IPAddress.Loopback, primary))
            .AddEventLoopWorkers(static options => options.Workers = Math.Max(1, Environment.ProcessorCount / 2)));
        using IHost host = builder.Build();
        await host.StartAsync();
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private async Coroutine StartSiloAsync(int port, int gateway, int primary)
    {
        string program = Environment.ProcessPath!;
        string[] own = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(OwnCluster).Assembly.Location] : [];
        var command = new ProcessCommand(program, [.. own, "silo", $"{port}", $"{gateway}", $"{primary}"])
        {
            Input = Stdio.Pipe,
            Output = Stdio.Pipe,
            KillOnParentExit = true,
            StopGrace = TimeSpan.Zero,      // it has nothing to lose
        };
        Subprocess silo = await Subprocess.StartAsync(command);
        _silos.Add(silo);      // from here on it is ended with the others, whatever becomes of its start
        if (await silo.Output.ReadLineAsync() != "ready")
            throw new InvalidOperationException("A silo did not start.");
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
