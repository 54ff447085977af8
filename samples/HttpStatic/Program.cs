// A small file server: HTTP/1.1 with keep-alive, GET and HEAD, single ranges, sendfile.
//   HttpStatic [--root .] [--port 8080]
// Prints "listening PORT"; ends on Ctrl-C and SIGTERM.
using System.Net;
using System.Runtime.InteropServices;
using EventLoop;
using EventLoop.Net;
using HttpStatic;

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

var site = new Site(Option("--root") ?? ".");
Loop.Run(async () =>
{
    var server = Tcp.Listen(
        new IPEndPoint(IPAddress.Loopback, int.Parse(Option("--port") ?? "8080")),
        async connection => await new Exchange(connection, site).ServeAsync(),
        new ListenOptions { MaxConnections = 10_000 });
    var loop = Loop.Current;
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
    {
        signal.Cancel = true;
        loop.Submit(async () => { await server.StopAsync(TimeSpan.Zero); });
    });
    Console.WriteLine($"listening {((IPEndPoint)server.EndPoint).Port}");
    try
    {
        await server.WaitForStopAsync();
    }
    catch (LoopCanceledException)
    {
        // Ctrl-C: no more connections, and those that are there are cut off where they are.
        await CancelScope.Run(async _ => await server.StopAsync(TimeSpan.Zero), timeout: TimeSpan.FromSeconds(5), shield: true);
    }
});
