// A chat server for nc: one line, one message.
//   Chat [--port 7777]           then:  nc 127.0.0.1 7777
// /name NAME, /join ROOM, /who, /quit. Who does not read what is said is put out; Ctrl-C says goodbye to everybody.
using System.Net;
using Chat;
using EventLoop;
using EventLoop.Net;

int port = Array.IndexOf(args, "--port") is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1]) : 7777;

try
{
    Loop.Run(Serve);
}
catch (LoopInterruptedException)
{
    // Ctrl-C: everybody has been told.
}

async Coroutine Serve()
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
        await Loop.Shield(Goodbye(hall, server));
    }
}

static async Coroutine Goodbye(Hall hall, Server server)
{
    hall.SayToAll("* the server closes, goodbye");
    await server.StopAsync(TimeSpan.FromSeconds(1));
}
