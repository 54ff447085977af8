// One side of a soak: a server that echoes, or clients that do to it what the internet does to servers. soak.sh runs both and adds it all up.

using System.Net;
using EventLoop;
using EventLoop.Samples;
using Soak;

const string usage = """
    Usage: Soak --server | --port N [--seconds 60] [--workers 32] [--seed S]

      --server yes   serves on a free port, prints "listening PORT", judges itself and ends when told by the clients
      --port N       runs clients against that port
      --seconds N    how long (default 60)
      --workers N    connections at once (default 32)
      --seed N       of all that is random (default: the time)
    """;

return CommandLine.Run(args, usage, line =>
{
    bool server = line.Text("--server") is not null;
    int port = line.Number("--port", 0, least: 0, most: IPEndPoint.MaxPort);
    int seconds = line.Number("--seconds", 60, least: 1, most: 86_400);
    int workers = line.Number("--workers", 32, least: 1, most: 1000);
    int seed = line.Number("--seed", Environment.TickCount & 0xFFFFFF, least: 0);
    line.ExpectNoMore();
    if (server == port > 0)
        throw new UsageException("Either --server yes or --port N.");

    IReadOnlyList<string> wrong = server
        ? Loop.Run(() => new SoakServer().RunAsync())
        : Loop.Run(() => new SoakClients(port, workers, seed).RunAsync(TimeSpan.FromSeconds(seconds)));
    foreach (string what in wrong)
        Console.WriteLine($"WRONG ({(server ? "server" : "clients")}): {what}");
    return wrong.Count == 0 ? 0 : 1;
});
