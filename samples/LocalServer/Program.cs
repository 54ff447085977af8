// The web that the other samples fetch from, in a process of its own, so that they run without internet and are measured alone.
// A small HTTP/1.1 server on plain .NET sockets. It does not use EventLoop: it is the other side.
//
// It serves 127.0.0.1 only, prints its port as the first line, and never outlives its purpose: it ends when its standard input
// is closed (as happens when the program that started it ends, however it ends), and after --lifetime seconds at the latest.

using System.Net.Sockets;
using EventLoop.Samples;
using LocalServer;

const string usage = """
    Usage: dotnet run --project samples/LocalServer [-- options]

      --port N            port on 127.0.0.1 (default 0: a free one; the first line printed says which)
      --delay MS          how long each response takes (default 0)
      --size BYTES        body of each /page/{n} (default 10000)
      --graph-hosts N     hosts in the link graph (default 4)
      --graph-pages N     pages per host in the link graph (default 50)
      --lifetime SECONDS  ends by itself after this long (default 600)

    Serves /page/{n} and the link graph /graph/site{0..hosts-1}/{0..pages-1}.
    Ends when its standard input is closed.
    """;

return CommandLine.Run(args, usage, line =>
{
    int port = line.Number("--port", 0, least: 0, most: 65_535);
    var delay = TimeSpan.FromMilliseconds(line.Number("--delay", 0, least: 0, most: 600_000));
    int size = line.Number("--size", 10_000, least: 0, most: 100_000_000);
    int hosts = line.Number("--graph-hosts", 4, least: 1, most: 10_000);
    int pages = line.Number("--graph-pages", 50, least: 1, most: 1_000_000);
    var lifetime = TimeSpan.FromSeconds(line.Number("--lifetime", 600, least: 1, most: 86_400));
    line.ExpectNoMore();

    // Ctrl-C at a terminal reaches everybody. Who is served by this process ends first, and that closes our input.
    if (Console.IsInputRedirected)
        Console.CancelKeyPress += (_, interrupt) => interrupt.Cancel = true;

    try
    {
        using var server = new HttpServer(port, delay, new Site(size, new LinkGraph(hosts, pages)));
        Console.WriteLine(server.Port);
        Task.WhenAny(server.ServeAsync(), InputClosed()).Unwrap().Wait(lifetime);
        return 0;
    }
    catch (Exception failure) when (failure is SocketException or AggregateException { InnerException: SocketException })
    {
        Console.Error.WriteLine($"Cannot serve on port {port}: {failure.GetBaseException().Message}");
        return 1;
    }
});

static Task InputClosed()
{
    var closed = new TaskCompletionSource();
    new Thread(() =>
    {
        Stream input = Console.OpenStandardInput();
        while (input.Read(new byte[256]) > 0) { }
        closed.SetResult();
    })
    { IsBackground = true }.Start();
    return closed.Task;
}
