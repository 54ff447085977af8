using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EventLoop.Native;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Tests.Net;

public sealed class DescriptorLimitOnEpollTests() : DescriptorLimitTests(PollerKind.Epoll);

public sealed class DescriptorLimitOnPortableTests() : DescriptorLimitTests(PollerKind.Portable);

/// <summary>The process really runs out of descriptors.</summary>
public abstract class DescriptorLimitTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void A_server_without_descriptors_goes_on_when_there_are_some_again_and_does_not_spin()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "descriptor limits as on Linux");
        RunIo(async () =>
        {
            var core = LoopCore.Required;
            var counting = new CountingDevice(core.Poller.Open(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            var listener = new LoopSocket(core, counting);
            listener.Bind(AnyPort);
            listener.Listen();
            var server = new Server(listener, static async connection =>
                await connection.WriteAsync((await connection.ReadLineAsync())! + "\n"), new ListenOptions());

            // Once with descriptors and once without, on a socket of its own: what .NET loads and compiles for the first time needs descriptors, too.
            await Ask(server.EndPoint);
            await FailOnce();
            var clients = Enumerable.Range(0, 3).Select(static _ => new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
            var answers = new LoopTask<int>[clients.Length];
            int reports = Reported.Count;
            int accepts = 0;
            TimeSpan taken = default;

            using (new DescriptorLimit())
            {
                for (int i = 0; i < clients.Length; i++)
                {
                    await clients[i].ConnectAsync(server.EndPoint);       // as far as the backlog
                    await clients[i].SendAsync("x\n"u8.ToArray());
                    answers[i] = Loop.CreateTask(clients[i].ReceiveAsync(new byte[2]));
                }

                await Until(() => Reported.Count > reports);
                int before = counting.Accepts;
                long start = Stopwatch.GetTimestamp();
                await Until(() => counting.Accepts >= before + 3);       // it goes on trying
                taken = Stopwatch.GetElapsedTime(start);
                accepts = counting.Accepts - before;
            }

            accepts.Should().Be(3);
            taken.Should().BeGreaterThan(TimeSpan.FromMilliseconds(150), "three attempts are a tenth of a second apart");
            foreach (var answer in answers)
            {
                (await answer).Should().Be(2);
            }

            Reported.Skip(reports).Should().ContainSingle("it complains once, not at each attempt").Which.Message.Should().Contain("cannot accept");
            foreach (var client in clients)
            {
                client.Close();
            }

            await server.StopAsync(Seconds(1));
        });
    }

    [Fact]
    public void A_connect_without_descriptors_says_so() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, static async connection => await connection.ReadToEndAsync());
        await Ask(server.EndPoint);
        (await Catch(Tcp.ConnectAsync("127.0.0.1", 1))).Should().BeOfType<SocketException>();
        Exception? failure = null;
        for (int round = 0; round < 10 && failure is null or OutOfMemoryException; round++)      // the runtime itself may want a descriptor just then
        {
            using (new DescriptorLimit())
            {
                failure = await Catch(Tcp.ConnectAsync(server.EndPoint));
            }
        }

        var refused = failure.Should().BeOfType<SocketException>().Subject;
        refused.SocketErrorCode.Should().Be(SocketError.TooManyOpenSockets);
        refused.Message.Should().Contain(server.EndPoint.ToString()).And.Contain("no descriptors are left").And.Contain("ulimit -n");
        await Ask(server.EndPoint);
    });

    private static async Coroutine Ask(System.Net.EndPoint server)
    {
        await using var client = await Tcp.ConnectAsync(server);
        await client.WriteAsync("x\n");
        await client.ShutdownWriteAsync();
        await client.ReadToEndAsync();
    }

    private async Coroutine FailOnce()
    {
        var device = new ScriptedDevice();
        device.Accepts.Enqueue(SocketError.TooManyOpenSockets);
        var server = new Server(device.Open(), static async _ => { }, new ListenOptions());
        await Until(() => Reported.Count > 0);
        await server.StopAsync(Seconds(1));
    }

    /// <summary>Not one descriptor is to be had until it is disposed.</summary>
    private sealed class DescriptorLimit : IDisposable
    {
        private const int Files = 7;
        private readonly ResourceLimit before;
        private readonly List<int> fillers = [];

        internal DescriptorLimit()
        {
            getrlimit(Files, out before).Should().Be(0);
            int highest = Directory.EnumerateFiles("/proc/self/fd").Max(static path => int.Parse(Path.GetFileName(path)));

            // It limits the numbers, so those that are free below it have to be taken.
            setrlimit(Files, before with { Soft = (nuint)highest + 2 }).Should().Be(0);
            for (int next; (next = Libc.Socket(1, 1, 0)) >= 0;)
            {
                fillers.Add(next);
            }
        }

        public void Dispose()
        {
            _ = setrlimit(Files, before);
            foreach (int filler in fillers)
            {
                _ = Libc.Close(filler);
            }
        }

        [DllImport("libc")]
        private static extern int getrlimit(int resource, out ResourceLimit limit);

        [DllImport("libc")]
        private static extern int setrlimit(int resource, in ResourceLimit limit);

        private record struct ResourceLimit(nuint Soft, nuint Hard);
    }
}
