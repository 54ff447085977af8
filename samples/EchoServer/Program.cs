// An echo server in two styles: --style raw receives and sends on the socket, --style stream reads and writes through pipes.
//
//     dotnet run -c Release --project samples/EchoServer
//     dotnet run -c Release --project samples/EchoServer -- --unix /tmp/echo.sock --style raw
//
// Prints "listening PORT" (or the path) when it is ready; ends on Ctrl-C and SIGTERM.

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EventLoop;
using EventLoop.Net;
using EventLoop.Samples;

const string usage = """
    Usage: dotnet run -c Release --project samples/EchoServer [-- options]

      --port N        of 127.0.0.1 (default 7000; 0 takes a free one)
      --unix PATH     a Unix socket instead of a port
      --style STYLE   raw: on the socket; stream: through pipes (default)
      --tls FILE      with TLS; a certificate with its key, in a .pfx file without a password (style stream only)
    """;

return CommandLine.Run(args, usage, line =>
{
    int port = line.Number("--port", 7000, least: 0, most: IPEndPoint.MaxPort);
    string? path = line.Text("--unix");
    string style = line.Text("--style") ?? "stream";
    string? file = line.Text("--tls");
    line.ExpectNoMore();
    Func<Connection, Coroutine> echo = style switch
    {
        "raw" when file is not null => throw new UsageException("TLS has no raw style: its bytes are not the socket's."),
        "raw" => EchoRaw,
        "stream" => EchoStream,
        _ => throw new UsageException($"There is no style '{style}'; there are raw and stream."),
    };
    try
    {
        Func<Connection, Coroutine> handler = echo;
        if (file is not null)
        {
            var certificate = X509CertificateLoader.LoadPkcs12(File.ReadAllBytes(file), null);
            handler = async connection =>
            {
                await connection.StartTlsAsync(certificate);
                await echo(connection);
            };
        }

        Loop.Run(() => ServeAsync(() => path is not null ? Unix.Listen(path, handler) : Tcp.Listen(new IPEndPoint(IPAddress.Loopback, port), handler)));
        return 0;
    }
    catch (LoopInterruptedException interrupted)
    {
        return interrupted.Signal == PosixSignal.SIGTERM ? 0 : interrupted.ExitCode;      // SIGTERM is how a server is told to end, and it has
    }
    catch (CryptographicException failure)
    {
        Console.Error.WriteLine($"There is no usable certificate in {file}: {failure.Message}");
        return 1;
    }
    catch (Exception failure) when (failure is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
    {
        Console.Error.WriteLine(failure.Message);
        return 1;
    }
});

static async Coroutine ServeAsync(Func<Server> listen)
{
    await using var server = listen();
    Console.WriteLine(server.EndPoint is IPEndPoint ip ? $"listening {ip.Port}" : $"listening {server.EndPoint}");
    await server.WaitForStopAsync();
}

static async Coroutine EchoRaw(Connection connection)
{
    // Who waits holds no block. Who has something to receive takes one, as a rule the one just given back: it is still in the processor's cache.
    var socket = connection.Socket;
    while (true)
    {
        await socket.WaitReadableAsync();
        var block = Blocks.Rent();
        try
        {
            if (await socket.ReceiveAsync(block) is not (> 0 and var count))
            {
                return;
            }

            await socket.SendAsync(block[..count]);
        }
        finally
        {
            Blocks.Return(block);
        }
    }
}

static async Coroutine EchoStream(Connection connection)
{
    var (input, output) = (connection.Input, connection.Output);
    while (true)
    {
        var result = await input.ReadAsync();
        foreach (var piece in result.Buffer)
        {
            piece.CopyTo(output.GetMemory(piece.Length));
            output.Advance(piece.Length);
        }

        input.AdvanceTo(result.Buffer.End);
        if (result.IsCompleted)
        {
            return;
        }

        await output.FlushAsync();
    }
}
