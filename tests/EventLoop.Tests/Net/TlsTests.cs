using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EventLoop.Net;

namespace EventLoop.Tests.Net;

public sealed class TlsOnEpollTests() : TlsTests(PollerKind.Epoll);

public sealed class TlsOnPortableTests() : TlsTests(PollerKind.Portable);

public abstract class TlsTests(PollerKind poller) : IoTest(poller)
{
    private static X509Certificate2 Certificate => TestCertificate.Own;

    private static SslClientAuthenticationOptions Trusting => TestCertificate.Trusting;

    private static Server SecureEcho() => Tcp.Listen(AnyPort, async connection =>
    {
        await connection.StartTlsAsync(Certificate);
        var buffer = new byte[10_000];
        while (await connection.ReadAsync(buffer) is > 0 and var count)
        {
            await connection.WriteAsync(buffer.AsMemory(0, count));
        }
    });

    [Fact]
    public void What_is_written_under_TLS_is_read_whole() => RunIo(async () =>
    {
        await using var server = SecureEcho();
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.StartTlsAsync(Trusting);
        client.Tls!.SslProtocol.Should().BeOneOf(SslProtocols.Tls12, SslProtocols.Tls13);
        byte[] sent = Pattern(2_000_000);
        var writing = Loop.CreateTask(client.WriteAsync(sent));
        (await client.ReadExactlyAsync(sent.Length)).AsSpan().SequenceEqual(sent).Should().BeTrue();
        await writing;
        await client.WriteAsync("line\n");
        (await client.ReadLineAsync()).Should().Be("line");
    });

    [Fact]
    public void A_connection_is_upgraded_in_the_middle() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, async connection =>
        {
            (await connection.ReadLineAsync()).Should().Be("STARTTLS");
            await connection.WriteAsync("go\n");
            await connection.StartTlsAsync(Certificate);
            await connection.WriteAsync((await connection.ReadLineAsync()) + "!\n");
        });
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.WriteAsync("STARTTLS\n");
        (await client.ReadLineAsync()).Should().Be("go");
        await client.StartTlsAsync(Trusting);
        await client.WriteAsync("secret\n");
        (await client.ReadLineAsync()).Should().Be("secret!");
        (await client.ReadLineAsync()).Should().BeNull("the other side said goodbye");
        Reported.Should().BeEmpty();
    });

    [Fact]
    public void The_application_protocol_is_agreed_on() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, async connection =>
        {
            await connection.StartTlsAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateSelectionCallback = static (_, name) => name == "localhost" ? Certificate : null!,
                ApplicationProtocols = [new SslApplicationProtocol("echo/1"), new SslApplicationProtocol("echo/2")],
            });
            await connection.WriteAsync(connection.Tls!.NegotiatedApplicationProtocol + "\n");
        });
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        var options = Trusting;
        options.ApplicationProtocols = [new SslApplicationProtocol("echo/2")];
        await client.StartTlsAsync(options);
        (await client.ReadLineAsync()).Should().Be("echo/2");
    });

    [Fact]
    public void A_bad_certificate_fails_the_handshake_with_the_endpoint() => RunIo(async () =>
    {
        await using var server = SecureEcho();
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        (await Catch(client.StartTlsAsync("localhost"))).Should().BeOfType<AuthenticationException>().Which.Message.Should().Contain(server.EndPoint.ToString());
        client.IsClosed.Should().BeTrue();
        await Until(() => server.ConnectionCount == 0);
    });

    [Fact]
    public void A_cut_handshake_is_an_error_and_hangs_nobody() => RunIo(async () =>
    {
        await using var server = SecureEcho();
        var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.WriteAsync(new byte[] { 22, 3, 1, 2, 0, 1 });
        await Loop.Sleep(5);
        client.Abort();
        await Until(() => Reported.Count > 0);
        Reported[0].Exception.Should().BeAssignableTo<IOException>();
    });

    [Fact]
    public void A_handshake_that_the_server_cuts_is_an_error_for_the_client() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, static async connection => await connection.ReadExactlyAsync(5));
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        (await Catch(client.StartTlsAsync(Trusting))).Should().BeAssignableTo<IOException>().Which.Message.Should().Contain(server.EndPoint.ToString());
        client.IsClosed.Should().BeTrue();
        await RefusesWrites(client);
    });

    // What was begun behind the handshake would wait for it for ever.
    private static async Coroutine RefusesWrites(Connection closed)
    {
        (await Catch(closed.WriteAsync("S"))).Should().NotBeNull();
        (await Catch(closed.FlushAsync())).Should().NotBeNull();
        (await Catch(closed.DrainAsync())).Should().NotBeNull();
    }

    [Fact]
    public void A_handshake_that_never_ends_can_be_cancelled() => RunIo(async () =>
    {
        bool begun = false;
        await using var server = Tcp.Listen(AnyPort, async connection =>
        {
            await connection.ReadExactlyAsync(5);
            begun = true;
            await Catch(connection.ReadToEndAsync());
        });
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        var handshake = Loop.CreateTask(client.StartTlsAsync(Trusting));
        await Until(() => begun);
        handshake.Cancel();
        (await Catch(handshake)).Should().BeAssignableTo<OperationCanceledException>();
        client.IsClosed.Should().BeTrue();
        await RefusesWrites(client);
        await Until(() => server.ConnectionCount == 0);
    });

    [Fact]
    public void A_reset_under_TLS_is_an_error_for_reader_and_writer_and_no_byte_is_made_up() => RunIo(async () =>
    {
        await using var server = SecureEcho();
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.StartTlsAsync(Trusting);
        await client.WriteAsync("line\n");
        (await client.ReadLineAsync()).Should().Be("line");
        var reading = Loop.CreateTask(client.ReadExactlyAsync(1));
        await Yields(3);
        await server.StopAsync(TimeSpan.Zero);
        (await Catch(reading)).Should().BeAssignableTo<IOException>().And.NotBeOfType<IncompleteReadException>();
        (await Catch(client.ReadToEndAsync(limit: 1000))).Should().BeAssignableTo<IOException>().And.NotBeOfType<IncompleteReadException>();
        (await Catch(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                await client.WriteAsync(new byte[10_000]);
            }
        })).Should().BeAssignableTo<IOException>();
    });

    [Fact]
    public void A_cancelled_read_loses_no_byte() => RunIo(async () =>
    {
        await using var server = SecureEcho();
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.StartTlsAsync(Trusting);
        var got = new List<byte>();
        for (int i = 0; got.Count < 300; i++)
        {
            if (i < 300)
            {
                await client.WriteAsync(new[] { (byte)i });
            }

            var reading = Loop.CreateTask(client.ReadExactlyAsync(1));
            await Yields(i % 4);
            reading.Cancel();
            if (await Catch(reading) is null)
            {
                got.AddRange(reading.Result);
            }
        }

        got.Should().Equal(Enumerable.Range(0, 300).Select(static i => (byte)i));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_warm_request_of_HttpClient_never_leaves_the_loop(bool secure) => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, async connection =>
        {
            if (secure)
            {
                await connection.StartTlsAsync(Certificate);
            }

            while (await connection.ReadLineAsync() is not null)
            {
                while (await connection.ReadLineAsync() is { Length: > 0 })
                {
                }

                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
            }
        });
        using var handler = LoopHttp.CreateHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        using var client = new HttpClient(handler);
        string url = $"{(secure ? "https" : "http")}://127.0.0.1:{((IPEndPoint)server.EndPoint).Port}/";
        for (int i = 0; i < 5; i++)
        {
            (await client.GetStringAsync(url)).Should().Be("hello");
        }

        int thread = Environment.CurrentManagedThreadId;
        long before = ThreadPool.CompletedWorkItemCount;
        for (int i = 0; i < 100; i++)
        {
            await client.GetStringAsync(url);
            Environment.CurrentManagedThreadId.Should().Be(thread);
        }

        (ThreadPool.CompletedWorkItemCount - before).Should().BeLessThan(10, "timers may run, but no request may hop");
        client.Dispose();
        await server.StopAsync(Seconds(1));
    });

    [Fact]
    public void A_cancelled_request_leaves_the_client_usable() => RunIo(async () =>
    {
        await using var server = Tcp.Listen(AnyPort, async connection =>
        {
            while (await connection.ReadLineAsync() is { } first)
            {
                while (await connection.ReadLineAsync() is { Length: > 0 })
                {
                }

                if (first.Contains("slow"))
                {
                    await Forever();
                }

                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        using var client = new HttpClient(LoopHttp.CreateHandler());
        string url = $"http://127.0.0.1:{((IPEndPoint)server.EndPoint).Port}/";
        using var source = new CancellationTokenSource(20);
        (await Catch(async () => await client.GetStringAsync(url + "slow", source.Token))).Should().BeAssignableTo<OperationCanceledException>();
        (await client.GetStringAsync(url)).Should().Be("ok");
        client.Dispose();
        await server.StopAsync(TimeSpan.Zero);
    });

    private static async Coroutine<Exception?> Catch(Func<Coroutine> body) => await Catch(body());
}
