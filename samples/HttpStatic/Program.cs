// A small file server: HTTP/1.1 with keep-alive, GET and HEAD, single ranges, sendfile, a cache of open files.
//
//     dotnet run -c Release --project samples/HttpStatic -- --root docs      then:  curl http://127.0.0.1:8080/architecture.md
//
// Prints "listening PORT"; ends on Ctrl-C and SIGTERM.

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EventLoop;
using EventLoop.Net;
using EventLoop.Samples;
using HttpStatic;

const string usage = """
    Usage: dotnet run -c Release --project samples/HttpStatic [-- options]

      --root FOLDER   whose files are served (default: the current one)
      --port N        of 127.0.0.1 (default 8080; 0 takes a free one)
    """;

return CommandLine.Run(args, usage, line =>
{
    string root = line.Text("--root") ?? ".";
    int port = line.Number("--port", 8080, least: 0, most: IPEndPoint.MaxPort);
    line.ExpectNoMore();
    if (!Directory.Exists(root))
    {
        Console.Error.WriteLine($"There is no folder '{root}'.");
        return 1;
    }

    try
    {
        using var site = new Site(root);
        Loop.Run(() => ServeAsync(site, port));
        return 0;
    }
    catch (LoopInterruptedException interrupted)
    {
        return interrupted.Signal == PosixSignal.SIGTERM ? 0 : interrupted.ExitCode;      // SIGTERM is how a server is told to end, and it has
    }
    catch (SocketException failure)
    {
        Console.Error.WriteLine(failure.Message);
        return 1;
    }
});

static async Coroutine ServeAsync(Site site, int port)
{
    var server = Tcp.Listen(
        new IPEndPoint(IPAddress.Loopback, port),
        async connection => await new Exchange(connection, site).ServeAsync(),
        new ListenOptions { MaxConnections = 10_000 });
    Console.WriteLine($"listening {((IPEndPoint)server.EndPoint).Port}");
    try
    {
        await server.WaitForStopAsync();
    }
    catch (LoopCanceledException)
    {
        // Ctrl-C or SIGTERM: no more connections, and those that are there are cut off where they are.
        await CancelScope.Run(async _ => await server.StopAsync(TimeSpan.Zero), timeout: TimeSpan.FromSeconds(5), shield: true);
        throw;
    }
}
