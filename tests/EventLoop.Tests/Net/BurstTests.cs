using System.Net;
using System.Net.Sockets;
using EventLoop.Net;

namespace EventLoop.Tests.Net;

public sealed class BurstTests : LoopTest
{
    [Fact]
    public void Where_much_arrives_at_many_connections_at_once_few_of_them_hold_it_at_the_same_time()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll");
        const int clients = 60, message = 64 * 1024;
        RunLoop(async () =>
        {
            var served = new List<Connection>();
            int holding = 0;
            long received = 0;
            await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), async connection =>
            {
                served.Add(connection);
                while (true)
                {
                    var read = await connection.Input.ReadAsync();
                    holding = Math.Max(holding, served.Count(static one => one.In.Buffered > 0));
                    received += read.Buffer.Length;
                    connection.Input.AdvanceTo(read.Buffer.End);
                    if (read.IsCompleted)
                    {
                        return;
                    }
                }
            });
            var sockets = new List<Socket>();
            for (int i = 0; i < clients; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Connect(server.EndPoint);      // the system takes it, whatever the loop does
                sockets.Add(socket);
            }

            for (int round = 0; round < 4; round++)
            {
                if (round == 2)
                {
                    holding = 0;      // by now blocks are as large as what comes
                }

                sockets.ForEach(static socket => socket.Send(new byte[message]));
                while (received < (round + 1L) * clients * message)
                {
                    await Loop.Yield();
                }
            }

            holding.Should().BeInRange(1, 30, "one poll stops at half a megabyte or so");
            sockets.ForEach(static socket => socket.Dispose());
        }, Options with { Poller = PollerKind.Epoll });
    }
}
