using System.Net.Sockets;
using System.Runtime.CompilerServices;
using EventLoop.Net;
using EventLoop.Tests.Net;

namespace EventLoop.Tests.Polling;

public sealed class SocketLifeTests() : IoTest(PollerKind.Epoll)
{
    [Fact]
    public void A_socket_that_was_forgotten_gives_its_descriptor_back() => RunIo(async () =>
    {
        int before = OpenSockets();
        Forget();
        for (int i = 0; i < 50 && OpenSockets() > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Loop.Sleep(1);
        }

        OpenSockets().Should().BeLessThanOrEqualTo(before);
    });

    [Fact]
    public void A_cancelled_token_never_reaches_the_next_operation() => RunIo(async () =>
    {
        var (a, b) = await ConnectPair();
        Connection client = new(a), server = new(b);
        var stream = server.AsStream();
        var buffer = new byte[1];
        for (int i = 0; i < 3000; i++)
        {
            using var source = new CancellationTokenSource();
            var cancelling = Task.Run(source.Cancel);
            await client.WriteAsync(new[] { (byte)i });
            int got = 0;
            try
            {
                got = await stream.ReadAsync(buffer, source.Token);
            }
            catch (OperationCanceledException)
            {
            }

            if (got == 0)
            {
                (await stream.ReadAsync(buffer)).Should().Be(1, "nobody cancelled this one");
            }

            buffer[0].Should().Be((byte)i);
            await cancelling;
        }

        client.Abort();
        server.Abort();
    });

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget()
    {
        for (int i = 0; i < 20; i++)
        {
            _ = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        }
    }
}
