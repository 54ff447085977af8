// An echo server in two styles: --style raw receives and sends on the socket, --style stream reads and writes through pipes.
//   EchoServer [--port 7000 | --unix PATH] [--style raw|stream] [--tls CERTIFICATE.pfx]
// Prints "listening PORT" (or the path) when it is ready; ends on Ctrl-C and SIGTERM.
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using EventLoop;
using EventLoop.Net;

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

var certificate = Option("--tls") is { } file ? X509CertificateLoader.LoadPkcs12FromFile(file, null) : null;
Func<Connection, Coroutine> echo = Option("--style") switch
{
    "raw" when certificate is not null => throw new ArgumentException("TLS has no raw style: its bytes are not the socket's."),
    "raw" => EchoRaw,
    "stream" or null => EchoStream,
    var other => throw new ArgumentException($"Unknown style '{other}': raw or stream."),
};
Func<Connection, Coroutine> handler = certificate is null ? echo : async connection =>
{
    await connection.StartTlsAsync(certificate);
    await echo(connection);
};

Loop.Run(async () =>
{
    var server = Option("--unix") is { } path
        ? Unix.Listen(path, handler)
        : Tcp.Listen(new IPEndPoint(IPAddress.Loopback, int.Parse(Option("--port") ?? "7000")), handler);
    var loop = Loop.Current;
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
    {
        signal.Cancel = true;
        loop.Submit(async () => { await server.StopAsync(TimeSpan.Zero); });
    });
    Console.WriteLine(server.EndPoint is IPEndPoint ip ? $"listening {ip.Port}" : $"listening {server.EndPoint}");
    await server.WaitForStopAsync();
});

static async Coroutine EchoRaw(Connection connection)
{
    var socket = connection.Socket;
    var buffer = new byte[128 * 1024];
    while (await socket.ReceiveAsync(buffer) is > 0 and var count)
    {
        await socket.SendAsync(buffer.AsMemory(0, count));
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
