using EventLoop.Samples;

// One after the other: they measure times, and share two processors and three servers.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(EventLoop.Data.Tests.Servers))]

namespace EventLoop.Data.Tests;

/// <summary>The servers of this run: each is started when it is first asked for, and ended with the run.</summary>
public sealed class Servers : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, OwnServer> started = [];       // guarded by the gate

    public void Dispose()
    {
        lock (gate)
        {
            Loop.Run(async () => await Loop.Gather(started.Values.Select(static server => StopAsync(server))));
        }

        static async Coroutine StopAsync(OwnServer server) => await server.DisposeAsync();
    }

    /// <summary>Skips the test where it is not installed.</summary>
    internal OwnServer Get(OwnServer.Recipe recipe)
    {
        Assert.SkipUnless(recipe.IsInstalled, recipe.HowToInstall);
        lock (gate)
        {
            if (!started.TryGetValue(recipe.Name, out var server))
            {
                started.Add(recipe.Name, server = Loop.Run(OwnServer.StartAsync(recipe)));
            }

            return server;
        }
    }
}
