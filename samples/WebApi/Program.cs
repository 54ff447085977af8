// The web service that tutorials end with, on one thread: hello, a wait, Redis, MySQL, items with validation, a counter without a lock, a chat by WebSocket, a
// live page by Server-Sent Events, and a page of its API.
//
//     dotnet run -c Release --project samples/WebApi
//     dotnet run -c Release --project samples/WebApi -- --port 8000 --redis 127.0.0.1:6379 --mysql 127.0.0.1:3306 --user root --password secret
//
// Then http://127.0.0.1:5000/ and /timeit/1.5, /red, /sql, /docs, /chat, /live. Without --redis and --mysql it starts servers of its own on free ports of
// 127.0.0.1, and ends them. Ctrl-C stops it in order.

using EventLoop;
using EventLoop.Samples;
using WebApi;

const string usage = """
    Usage: dotnet run -c Release --project samples/WebApi [-- options]

      --port N             where to listen on 127.0.0.1 (default 5000; 0: any that is free)
      --redis HOST:PORT    a Redis that runs (default: one of the sample's own, in a temporary folder); two keys are written there,
                           eventloop-sample:visits and eventloop-sample:key
      --mysql HOST:PORT    a MySQL or MariaDB that runs (default: one of the sample's own)
      --user NAME          of MySQL (default root)
      --password TEXT      of MySQL (default none)
    """;

return CommandLine.Run(args, usage, static line =>
{
    int port = line.Number("--port", 5000, least: 0, most: 65_535);
    var redis = line.Text("--redis") is { } named ? Address.Parse("--redis", named) : ((string, int)?)null;
    var mysql = line.Text("--mysql") is { } other ? Address.Parse("--mysql", other) : ((string, int)?)null;
    string user = line.Text("--user") ?? "root";
    string password = line.Text("--password") ?? "";
    line.ExpectNoMore();

    // Everything is on one loop: the web server, what it serves, and the clients of the databases. Signals are the host's.
    return Loop.RunMain(
        async () =>
        {
            await using var databases = new Databases(redis, mysql, user, password);
            await using var app = Site.Build(port, databases);
            await app.RunAsync();
        },
        new LoopOptions { HandleInterrupt = false, Name = "web" });
});
