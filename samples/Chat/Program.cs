// A chat server for nc: one line, one message.
//
//     dotnet run -c Release --project samples/Chat                           then:  nc 127.0.0.1 7777
//
// /name NAME, /join ROOM, /who, /quit. Who does not read what is said is put out; Ctrl-C says goodbye to everybody.

using System.Net;
using System.Net.Sockets;
using Chat;
using EventLoop;
using EventLoop.Net;
using EventLoop.Samples;

const string usage = """
    Usage: dotnet run -c Release --project samples/Chat [-- options]

      --port N   of 127.0.0.1 (default 7777; 0 takes a free one)
    """;

return CommandLine.Run(args, usage, line =>
{
    int port = line.Number("--port", 7777, least: 0, most: IPEndPoint.MaxPort);
    line.ExpectNoMore();
    try
    {
        Loop.Run(() => ServeAsync(port));
        return 0;
    }
    catch (LoopInterruptedException interrupted)
    {
        return interrupted.ExitCode;      // Ctrl-C or SIGTERM: everybody has been told
    }
    catch (SocketException failure)
    {
        Console.Error.WriteLine(failure.Message);
        return 1;
    }
});

static async Coroutine ServeAsync(int port)
{
    var hall = new Hall();
    var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, port), hall.Welcome);
    Console.WriteLine($"listening {((IPEndPoint)server.EndPoint).Port}");
    try
    {
        await server.WaitForStopAsync();
    }
    finally
    {
        // Ctrl-C has cancelled this task; what follows shall happen all the same.
        await Loop.Shield(GoodbyeAsync(hall, server));
    }
}

static async Coroutine GoodbyeAsync(Hall hall, Server server)
{
    hall.SayToAll("* the server closes, goodbye");
    await server.StopAsync(TimeSpan.FromSeconds(1));
}
