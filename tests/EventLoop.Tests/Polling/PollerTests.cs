using System.Diagnostics;
using System.Net.Sockets;
using System.Reflection;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Tests.Net;

namespace EventLoop.Tests.Polling;

public sealed class EpollPollerTests() : PollerTests(PollerKind.Epoll)
{
    [Fact]
    public void It_is_the_one_that_Linux_gets()
    {
        using var poller = Pollers.Create(PollerKind.Auto);
        poller.Name.Should().Be("epoll");
    }

    [Fact]
    public void A_short_sleep_is_not_rounded_up_to_a_millisecond_at_the_median()
    {
        var late = new List<double>();
        RunLoop(
            async () =>
            {
                for (int i = 0; i < 500; i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    await Loop.Sleep(TimeSpan.FromMicroseconds(50));
                    late.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                }
            },
            IoOptions);
        late.Sort();
        TestContext.Current.SendDiagnosticMessage($"Sleep(50 us): median {late[250]:F0} us, 90 % {late[450]:F0} us");
        late[0].Should().BeGreaterThanOrEqualTo(50, "a sleep never ends early");
        late[250].Should().BeLessThan(1000, "it is not on millisecond timers; how late it is otherwise is a matter of the machine");
    }
}

public sealed class PortablePollerTests() : PollerTests(PollerKind.Portable)
{
    [Fact]
    public void A_wake_up_that_the_system_refuses_once_loses_none_of_the_later_ones() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[1]));
        await Loop.Yield();
        var poller = (PortablePoller)Loop.Current.Core.Poller;
        var field = typeof(PortablePoller).GetField("bell", BindingFlags.Instance | BindingFlags.NonPublic)!;
        var bell = (Socket)field.GetValue(poller)!;
        var refusing = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);      // connected to nobody
        field.SetValue(poller, refusing);
        poller.Wake();
        field.SetValue(poller, bell);
        bell.Available.Should().Be(0);

        poller.Wake();
        bell.Poll(Seconds(10), SelectMode.SelectRead).Should().BeTrue("it is rung");
        refusing.Dispose();
        client.Close();
        (await receiving).Should().Be(0);
        server.Close();
    });
}

public abstract class PollerTests(PollerKind poller) : IoTest(poller)
{
    [Fact]
    public void No_post_of_two_threads_is_lost()
    {
        const int Each = 1_000_000;
        using var loop = NewLoop(IoOptions);
        int seen = 0;
        Action count = () =>
        {
            if (++seen == 2 * Each)
            {
                loop.Stop();
            }
        };
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                loop.Post(count);
            }
        }))];
        foreach (var thread in threads)
        {
            thread.Start();
        }

        loop.RunForever();
        seen.Should().Be(2 * Each);
    }

    [Fact]
    public void A_sleeping_loop_is_woken_every_time()
    {
        using var loop = NewLoop(IoOptions);
        using var answered = new SemaphoreSlim(0);
        var thread = new Thread(() =>
        {
            for (int i = 0; i < 5000; i++)
            {
                loop.Post(() => answered.Release());
                answered.Wait();
            }

            loop.Stop();
        });
        thread.Start();
        loop.RunForever();
        thread.Join();
    }

    [Fact]
    public void A_sleeping_loop_that_waits_for_sockets_is_woken_every_time() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[1]));
        for (int i = 0; i < 2000; i++)
        {
            await Loop.ToThread(static () => { });
        }

        client.Close();
        (await receiving).Should().Be(0);
        server.Close();
    });

    [Fact]
    public void Sockets_are_served_while_a_callback_reschedules_itself_for_ever() => RunIo(async () =>
    {
        var loop = Loop.Current;
        var (client, server) = await ConnectPair();
        bool isOver = false;
        loop.CallSoon(Again);
        var buffer = new byte[1];
        for (byte i = 1; i <= 100; i++)
        {
            var (sender, receiver) = i % 2 == 0 ? (server, client) : (client, server);
            var receiving = Loop.CreateTask(receiver.ReceiveAsync(buffer));
            await Yields(2);
            receiving.IsCompleted.Should().BeFalse("nothing has been sent, and only the poller can tell when something has");
            await sender.SendAsync(new[] { i });
            (await receiving).Should().Be(1);
            buffer[0].Should().Be(i);
        }

        isOver = true;
        client.Close();
        server.Close();

        void Again()
        {
            if (!isOver)
            {
                loop.CallSoon(Again);
            }
        }
    });

    [Fact]
    public void Timers_run_beside_sockets_that_wait() => RunIo(async () =>
    {
        var (client, server) = await ConnectPair();
        var receiving = Loop.CreateTask(server.ReceiveAsync(new byte[1]));
        for (int i = 0; i < 20; i++)
        {
            await Loop.Sleep(1);
        }

        receiving.IsCompleted.Should().BeFalse();
        client.Close();
        await receiving;
        server.Close();
    });

    [Fact]
    public void No_event_reaches_the_next_owner_of_a_descriptor() => RunIo(async () =>
    {
        // Random closes, cancels and accepts: numbers are reused at once, and often inside one batch of events.
        var random = new Random(7);
        using var listener = Listening();
        const int Most = 64;
        var pairs = new List<(LoopSocket Client, LoopSocket Server, LoopTask<int> Receiving, byte[] Buffer)>();
        int delivered = 0;
        var watch = Stopwatch.StartNew();
        while (watch.ElapsedMilliseconds < 1500)
        {
            while (pairs.Count < Most)
            {
                var client = new LoopSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await client.ConnectAsync(listener.LocalEndPoint!);
                var server = await listener.AcceptAsync();
                var buffer = new byte[4];
                pairs.Add((client, server, Loop.CreateTask(server.ReceiveAsync(buffer)), buffer));
            }

            await Loop.Yield();
            for (int i = 0; i < 16; i++)
            {
                var (client, _, receiving, _) = pairs[random.Next(Most)];
                if (!receiving.IsCompleted)
                {
                    await client.SendAsync(BitConverter.GetBytes(client.LocalEndPoint!.GetHashCode()));
                }
            }

            for (int i = 0; i < 8; i++)
            {
                var (client, server, receiving, buffer) = pairs[random.Next(pairs.Count)];
                pairs.RemoveAll(pair => ReferenceEquals(pair.Client, client));
                switch (random.Next(4))
                {
                    case 0:
                        receiving.Cancel();
                        break;
                    case 1:
                        server.Close();
                        break;
                    case 2:
                        client.Abort();
                        break;
                    default:
                        client.Close();
                        break;
                }

                string own = client.IsClosed ? "" : client.LocalEndPoint!.ToString()!;
                Exception? failure = await Catch(receiving);
                if (failure is null && receiving.Result == 4)
                {
                    delivered++;
                    BitConverter.ToInt32(buffer).Should().Be(client.LocalEndPoint!.GetHashCode(), $"the bytes are {own}'s");
                }
                else
                {
                    (failure is null ? receiving.Result == 0
                        : failure is LoopCanceledException or ObjectDisposedException or SocketException).Should().BeTrue();
                }

                client.Close();
                server.Close();
            }
        }

        foreach (var (client, server, receiving, _) in pairs)
        {
            client.Close();
            server.Close();
            await Catch(receiving);
        }

        delivered.Should().BePositive();
    });

    [Fact]
    public void The_callbacks_of_a_foreign_descriptor_are_called_as_long_as_it_is_ready() => RunIo(async () =>
    {
        var loop = Loop.Current;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(AnyPort);
        listener.Listen();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        using var server = Accept(listener);

        int reads = 0, writes = 0;
        loop.AddReader(server.SafeHandle, () => reads++);
        await Loop.Sleep(2);
        reads.Should().Be(0);
        client.Send([1]);
        await Until(() => reads >= 3);
        loop.AddWriter(server.SafeHandle, () => writes++);
        await Until(() => writes >= 3);
        loop.RemoveReader(server.SafeHandle).Should().BeTrue();
        int seen = reads;
        await Until(() => writes >= 9);
        reads.Should().BeLessThanOrEqualTo(seen);
        loop.RemoveWriter(server.SafeHandle).Should().BeTrue();
        loop.RemoveWriter(server.SafeHandle).Should().BeFalse();
        int written = writes;
        await Loop.Sleep(2);
        writes.Should().Be(written);
    });

    [Fact]
    public void What_a_descriptor_callback_throws_goes_to_the_exception_handler() => RunIo(async () =>
    {
        var loop = Loop.Current;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(AnyPort);
        loop.AddWriter(socket.SafeHandle, () =>
        {
            loop.RemoveWriter(socket.SafeHandle);
            throw new FormatException("boom");
        });
        await Until(() => Reported.Count > 0);
        Reported[0].Exception.Should().BeOfType<FormatException>();
    });
}
