// An echo server in two styles: --style raw receives and sends on the socket, --style stream reads and writes through pipes.
//   EchoServer [--port 7000] [--style raw|stream]
// Prints "listening PORT" when it is ready; ends on Ctrl-C and SIGTERM.
using System.Net;
using System.Runtime.InteropServices;
using EventLoop;
using EventLoop.Net;

string Option(string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : otherwise;

int port = int.Parse(Option("--port", "7000"));
Func<Connection, Coroutine> handler = Option("--style", "stream") switch
{
    "raw" => EchoRaw,
    "stream" => EchoStream,
    var other => throw new ArgumentException($"Unknown style '{other}': raw or stream."),
};

Loop.Run(async () =>
{
    var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, port), handler);
    var loop = Loop.Current;
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
    {
        signal.Cancel = true;
        loop.Submit(async () => { await server.StopAsync(TimeSpan.Zero); });
    });
    Console.WriteLine($"listening {((IPEndPoint)server.EndPoint).Port}");
    await server.WaitForStopAsync();
});

static async Coroutine EchoRaw(Connection connection)
{
    var socket = connection.Socket;
    var buffer = new byte[256 * 1024];
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
            var room = output.GetMemory(piece.Length);
            piece.CopyTo(room);
            output.Advance(piece.Length);
        }

        input.AdvanceTo(result.Buffer.End);
        if (result.Buffer.IsEmpty && result.IsCompleted)
        {
            return;
        }

        await output.FlushAsync();
    }
}
