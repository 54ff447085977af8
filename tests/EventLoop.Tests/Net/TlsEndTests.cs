using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Text;
using EventLoop.Net;
using EventLoop.Net.Sockets;

namespace EventLoop.Tests.Net;

public sealed class TlsEndOnEpollTests() : TlsEndTests(PollerKind.Epoll);

public sealed class TlsEndOnPortableTests() : TlsEndTests(PollerKind.Portable);

/// <summary>How TLS begins beside other users of the connection, and how it ends.</summary>
public abstract class TlsEndTests(PollerKind poller) : IoTest(poller)
{
    private static async Coroutine<(Connection Client, Connection Server)> Pair()
    {
        var (client, server) = await ConnectPair();
        return (new Connection(client), new Connection(server));
    }

    private static async Coroutine<(Connection Client, Connection Server)> SecurePair(bool allowTruncation = false)
    {
        var (client, server) = await Pair();
        await Loop.Gather(client.StartTlsAsync(TestCertificate.Trusting, allowTruncation), server.StartTlsAsync(TestCertificate.Own));
        return (client, server);
    }

    private static async Coroutine Read(Connection connection, string kind)
    {
        switch (kind)
        {
            case "to the end":
                await connection.ReadToEndAsync();
                break;
            case "line":
                while (await connection.ReadLineAsync() is not null)
                {
                }

                break;
            case "exact":
                await connection.ReadExactlyAsync(100);
                break;
            case "pipe":
                while (await connection.Input.ReadAsync() is { IsCompleted: false } result)
                {
                    connection.Input.AdvanceTo(result.Buffer.End);
                }

                break;
            default:
                while (await connection.ReadAsync(new byte[4]) > 0)
                {
                }

                break;
        }
    }

    [Theory]
    [InlineData("to the end")]
    [InlineData("line")]
    [InlineData("exact")]
    [InlineData("pipe")]
    [InlineData("read")]
    public void An_end_without_the_goodbye_of_TLS_is_an_error(string kind) => RunIo(async () =>
    {
        foreach (bool waits in new[] { false, true })
        {
            var (client, server) = await SecurePair();
            await server.WriteAsync("pay 100 to ");
            await server.DrainAsync();
            var reading = waits ? Loop.CreateTask(Read(client, kind), eager: true) : null;
            await Loop.Sleep(1);
            server.Socket.ShutdownSend();
            var failure = (await Catch(reading ?? Loop.CreateTask(Read(client, kind)))).Should().BeAssignableTo<IOException>().Subject;
            failure.Should().NotBeOfType<IncompleteReadException>();
            failure.Message.Should().Contain("goodbye").And.Contain(client.RemoteEndPoint!.ToString());
            (await Catch(client.ReadToEndAsync())).Should().BeAssignableTo<IOException>("it stays an error");
            client.Abort();
            server.Abort();
        }
    });

    [Fact]
    public void Who_allows_truncation_takes_it_for_an_end() => RunIo(async () =>
    {
        var (client, server) = await SecurePair(allowTruncation: true);
        await server.WriteAsync("all of it");
        await server.DrainAsync();
        server.Socket.ShutdownSend();
        (await client.ReadToEndAsync()).Should().HaveCount(9);
        (await client.ReadToEndAsync()).Should().BeEmpty();
        client.Abort();
        server.Abort();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_end_with_the_goodbye_is_a_clean_one_whoever_ends_first(bool half) => RunIo(async () =>
    {
        var (client, server) = await SecurePair();
        await server.WriteAsync("all of it");
        var closing = Loop.CreateTask(async Coroutine () =>
        {
            if (half)
            {
                await server.ShutdownWriteAsync();
            }
            else
            {
                await server.DisposeAsync();
            }
        });
        (await client.ReadToEndAsync()).Should().HaveCount(9);
        await closing;
        await client.DisposeAsync();
        if (half)
        {
            (await server.ReadToEndAsync()).Should().BeEmpty("the client has said goodbye, too");
            await server.DisposeAsync();
        }
    });

    [Fact]
    public void Who_reads_or_writes_while_TLS_is_started_is_refused_and_it_succeeds_all_the_same() => RunIo(async () =>
    {
        var (client, server) = await Pair();
        var starting = Loop.CreateTask(client.StartTlsAsync(TestCertificate.Trusting), eager: true);
        foreach (int milliseconds in new[] { 0, 20 })
        {
            await Loop.Sleep(milliseconds);
            (await Catch(client.WriteAsync("PASS secret\n"))).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("StartTlsAsync");
            (await Catch(client.FlushAsync())).Should().BeOfType<InvalidOperationException>();
            (await Catch(client.ReadLineAsync())).Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("StartTlsAsync");
            (await Catch(client.ReadAsync(new byte[1]))).Should().BeOfType<InvalidOperationException>();
            (await Catch(client.StartTlsAsync(TestCertificate.Trusting))).Should().BeOfType<InvalidOperationException>();
            ((Action)(() => client.Output.GetSpan(1))).Should().Throw<InvalidOperationException>();
            ((Action)(() => client.Output.Complete())).Should().Throw<InvalidOperationException>();
            ((Action)(() => client.Input.TryRead(out _))).Should().Throw<InvalidOperationException>();
            client.Tls.Should().BeNull();
        }

        await server.StartTlsAsync(TestCertificate.Own);
        await starting;
        await client.WriteAsync("PASS secret\n");
        (await server.ReadLineAsync()).Should().Be("PASS secret");
        await server.WriteAsync("250 ok\n");
        (await client.ReadLineAsync()).Should().Be("250 ok");
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_that_is_written_after_the_start_is_on_the_wire_in_clear_text(bool busy) => RunIo(async () =>
    {
        var (client, server) = await Pair();
        long before = busy ? await Fill(client) : 0;      // the start has to wait for it

        var lent = client.Output.GetMemory(10);
        var starting = Loop.CreateTask(client.StartTlsAsync("localhost"), eager: true);
        var writing = Loop.CreateTask(client.WriteAsync("PASS secret\r\n"), eager: true);
        "secret"u8.CopyTo(lent.Span);
        ((Action)(() => client.Output.Advance(6))).Should().Throw<InvalidOperationException>();
        var stream = Loop.CreateTask(async Coroutine () => await client.AsStream().WriteAsync("secret"u8.ToArray()));
        await server.ReadExactlyAsync((int)before);
        byte[] wire = await server.ReadExactlyAsync(60);
        wire[0].Should().Be(22, "the handshake has begun, with nothing before it");
        await CancelScope.MoveOnAfter(Seconds(0.05), async Coroutine (_) => { wire = await server.ReadToEndAsync(); });
        var rest = await server.Input.ReadAsync();
        Encoding.ASCII.GetString(wire).Should().NotContain("secret");
        Encoding.ASCII.GetString(System.Buffers.BuffersExtensions.ToArray(rest.Buffer)).Should().NotContain("secret");
        server.Input.AdvanceTo(rest.Buffer.End);
        (await Catch(writing)).Should().BeOfType<InvalidOperationException>();
        (await Catch(stream)).Should().BeOfType<InvalidOperationException>();
        server.Abort();
        (await Catch(starting)).Should().BeAssignableTo<IOException>();
        client.IsClosed.Should().BeTrue();
    });

    [Fact]
    public void A_dispose_or_an_abort_while_TLS_is_started_ends_it_at_once() => RunIo(async () =>
    {
        foreach (bool abort in new[] { false, true })
        {
            var (client, server) = await Pair();
            var starting = Loop.CreateTask(client.StartTlsAsync(TestCertificate.Trusting), eager: true);
            await server.ReadExactlyAsync(5);
            if (abort)
            {
                client.Abort();
            }
            else
            {
                await client.DisposeAsync();
            }

            (await Catch(starting)).Should().NotBeNull();
            client.Socket.IsClosed.Should().BeTrue();
            server.Abort();
        }
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_connection_that_was_forgotten_after_a_read_that_timed_out_is_closed(bool secure) => RunIo(async () =>
    {
        await Loop.Wait([Loop.CreateTask(MakeAndForget(secure))]);       // what the poller has for itself is there from now on
        int before = OpenSockets();
        for (int i = 0; i < 5; i++)
        {
            await Loop.Wait([Loop.CreateTask(MakeAndForget(secure))]);
        }

        for (int i = 0; i < 200 && OpenSockets() > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Loop.Sleep(10);
        }

        OpenSockets().Should().BeLessThanOrEqualTo(before);
    });

    [Fact]
    public void A_read_that_timed_out_under_TLS_loses_nothing_for_the_next_one() => RunIo(async () =>
    {
        var (client, server) = await SecurePair();
        for (int i = 0; i < 5; i++)
        {
            (await CancelScope.MoveOnAfter(Seconds(0.002), async Coroutine (_) => { await client.ReadLineAsync(); })).Should().BeFalse();
            if (i % 2 == 0)
            {
                await server.WriteAsync($"line {i}\n");
                await Loop.Sleep(2);
                (await client.ReadLineAsync()).Should().Be($"line {i}");
            }
            else
            {
                var reading = Loop.CreateTask(client.ReadLineAsync(), eager: true);
                await server.WriteAsync($"line {i}\n");
                (await reading).Should().Be($"line {i}");
            }
        }

        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public void Wrong_counts_are_refused_under_TLS_as_without() => RunIo(async () =>
    {
        var (client, server) = await SecurePair();
        (await Catch(client.ReadExactlyAsync(-1))).Should().BeOfType<ArgumentOutOfRangeException>();
        string path = Path.GetTempFileName();
        using (var file = File.OpenHandle(path))
        {
            (await Catch(async () => await client.SendFileAsync(file, 0, -1))).Should().BeOfType<ArgumentOutOfRangeException>();
            (await Catch(async () => await client.SendFileAsync(file, -1, 1))).Should().BeOfType<ArgumentOutOfRangeException>();
        }

        File.Delete(path);
        await client.WriteAsync("usable\n");
        (await server.ReadLineAsync()).Should().Be("usable");
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public void Draining_waits_until_the_system_has_what_TLS_has_accepted() => RunIo(async () =>
    {
        var (client, server) = await SecurePair();
        while (server.Transport.Unsent == 0)
        {
            await server.WriteAsync(new byte[8192]);
        }

        server.UnsentBytes.Should().BePositive();

        var draining = Loop.CreateTask(server.DrainAsync());
        await Yields(10);
        draining.IsCompleted.Should().BeFalse();
        var reading = Loop.CreateTask(client.ReadToEndAsync());
        await draining;
        server.UnsentBytes.Should().Be(0);
        await server.DisposeAsync();
        await reading;
        await client.DisposeAsync();
    });

    private static async Coroutine<Exception?> Catch(Func<Coroutine> body)
    {
        try
        {
            await body();
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Coroutine MakeAndForget(bool secure)
    {
        var (near, far) = secure ? await SecurePair() : await Pair();
        foreach (var side in new[] { near, far })
        {
            await CancelScope.MoveOnAfter(Seconds(0.002), async Coroutine (_) => { await side.ReadAsync(new byte[1]); });
        }
    }
}
