// The other side of EchoServer: sends lines from standard input, or measures with messages of its own; checks every echo.
//
//     dotnet run --project samples/EchoServer -- --port 7000
//     dotnet run --project samples/EchoClient -- --port 7000
//     dotnet run --project samples/EchoClient -- --port 7000 --count 100000 --size 1024 --connections 8

using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using EchoClient;
using EventLoop;
using EventLoop.Net;
using EventLoop.Samples;

const string usage = """
    Usage: dotnet run --project samples/EchoClient [-- options]

      --host HOST      default 127.0.0.1
      --port N         default 7000
      --unix PATH      a Unix socket instead of host and port
      --tls NAME       with TLS; NAME is what the server's certificate has to say
      --count N        messages for each connection, instead of lines from standard input
      --size BYTES     of each message (default 1024)
      --connections N  so many at once (default 1)

    Ends with exit code 1 when an echo is missing or differs.
    """;

return CommandLine.Run(args, usage, line =>
{
    string host = line.Text("--host") ?? "127.0.0.1";
    int port = line.Number("--port", 7000, least: 1, most: IPEndPoint.MaxPort);
    string? path = line.Text("--unix");
    string? name = line.Text("--tls");
    int count = line.Number("--count", 0, least: 0);
    int size = line.Number("--size", 1024, least: 1, most: 1 << 24);
    int connections = line.Number("--connections", 1, least: 1, most: 10_000);
    line.ExpectNoMore();
    try
    {
        Loop.Run(() => count > 0 ? Measurement.RunAsync(ConnectAsync, connections, count, size) : Lines.RunAsync(ConnectAsync));
        return 0;
    }
    catch (LoopInterruptedException interrupted)
    {
        return interrupted.ExitCode;
    }
    catch (AggregateException failures)
    {
        Console.Error.WriteLine(failures.InnerException!.Message);
        return 1;
    }
    catch (Exception failure) when (failure is IOException or SocketException or TimeoutException or InvalidDataException or AuthenticationException)
    {
        Console.Error.WriteLine(failure.Message);
        return 1;
    }

    async Coroutine<Connection> ConnectAsync()
    {
        Connection connection = path is not null
            ? await Unix.ConnectAsync(path)
            : await Tcp.ConnectAsync(host, port, new ConnectOptions { Timeout = TimeSpan.FromSeconds(10) });
        if (name is not null)
            await connection.StartTlsAsync(name);
        return connection;
    }
});
