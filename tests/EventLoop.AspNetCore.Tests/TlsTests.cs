using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace EventLoop.AspNetCore.Tests;

/// <summary>HTTPS and HTTP/2.</summary>
public sealed class TlsTests
{
    internal static readonly X509Certificate2 Certificate = Make("a.test");
    private static readonly X509Certificate2 Other = Make("b.test");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requests_by_TLS_run_on_the_loop_from_the_first_one_on(bool onPool)
    {
        var where = new Where();
        await using var site = await Site.StartAsync(app =>
            Map(app, where), options =>
            options.HandshakeOnPool = onPool, kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.UseHttps(Certificate)));
        for (int i = 0; i < 5; i++)
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false,
                SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } }) { BaseAddress = new Uri(site.Address) };
            (await client.GetStringAsync("/")).Should().Be("HTTP/1.1");
            (await client.GetStringAsync("/")).Should().Be("HTTP/1.1");
        }

        where.Wrong.Should().BeEmpty();
        where.Count.Should().Be(20);
    }

    [Fact]
    public async Task A_stream_of_HTTP2_that_serves_one_request_after_the_other_keeps_them_apart()
    {
        await using var site = await Site.StartAsync(
            static app => app.MapPost("/echo", static async (HttpContext http) =>
            {
                using var body = new StreamReader(http.Request.Body);
                string said = await body.ReadToEndAsync();
                await Task.Yield();
                string? task = Loop.CurrentTask?.Name;
                await http.Response.WriteAsync($"{said} in {task}");
            }),
            kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        site.Client.DefaultRequestVersion = HttpVersion.Version20;
        site.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        for (int round = 0; round < 5; round++)
        {
            string[] said = [.. Enumerable.Range(0, 40).Select(number => $"{round}.{number}")];
            string[] answers = await Task.WhenAll(said.Select(async text =>
                await (await site.Client.PostAsync("/echo", new StringContent(text))).Content.ReadAsStringAsync()));
            answers.Should().Equal(said.Select(static text => $"{text} in POST /echo"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requests_by_HTTP2_run_on_the_loop_many_at_a_time(bool isSecure)
    {
        var where = new Where();
        await using var site = await Site.StartAsync(
            app => Map(app, where),
            kestrel: server => server.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                if (isSecure)
                {
                    listen.UseHttps(Certificate);
                }
            }));
        site.Client.DefaultRequestVersion = HttpVersion.Version20;
        site.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => site.Client.GetStringAsync("/")));
        answers.Should().AllBe("HTTP/2");
        (await (await site.Client.PostAsync("/length", new ByteArrayContent(new byte[1_000_000]))).Content.ReadAsStringAsync()).Should().Be("1000000");
        (await site.Client.GetByteArrayAsync("/big")).Length.Should().Be(5_000_000);
        where.Wrong.Should().BeEmpty();
    }

    [Fact]
    public async Task A_client_that_gives_up_a_stream_of_HTTP2_cancels_its_task()
    {
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource<string>();
        await using var site = await Site.StartAsync(
            app => app.MapGet("/", async () =>
            {
                started.SetResult();
                try
                {
                    await Loop.Sleep(TimeSpan.FromHours(1));
                    ended.SetResult("by itself");
                }
                catch (LoopCanceledException cancellation)
                {
                    ended.SetResult(cancellation.Reason ?? "");
                    throw;
                }
            }),
            static options => options.CancelAbandoned = true,
            kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        site.Client.DefaultRequestVersion = HttpVersion.Version20;
        site.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var stop = new CancellationTokenSource();
        var get = site.Client.GetAsync("/", stop.Token);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(20));
        stop.Cancel();
        (await ended.Task.WaitAsync(TimeSpan.FromSeconds(20))).Should().Be("the client has gone");
        await get.ContinueWith(static _ => { });
    }

    [Fact]
    public async Task Streams_of_HTTP2_that_are_reset_by_the_hundred_leave_nothing_behind()
    {
        int running = 0;
        await using var site = await Site.StartAsync(
            app =>
            {
                app.MapGet("/", async () =>
                {
                    running++;
                    try
                    {
                        await Loop.Current.CreateFuture();
                    }
                    finally
                    {
                        running--;
                    }
                });
                app.MapGet("/running", async () =>
                {
                    while (running > 0)
                    {
                        await Loop.Sleep(TimeSpan.FromMilliseconds(1));
                    }

                    return Loop.Current.Statistics.TaskCount;
                });
            },
            static options => options.CancelAbandoned = true,
            kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2),
            quiet: true);

        for (int round = 0; round < 4; round++)
        {
            using var client = await site.ConnectAsync();
            await client.SendAsync(BegunAndReset(streams: 200));
            if (round % 2 == 0)
            {
                client.Socket.Shutdown(SocketShutdown.Send);
                await client.ReadToEndAsync();
            }
        }

        site.Client.DefaultRequestVersion = HttpVersion.Version20;
        site.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        int.Parse(await site.Client.GetStringAsync("/running")).Should().BeLessThan(20);
    }

    // HEADERS (GET / of a) and RST_STREAM for each.
    private static string BegunAndReset(int streams)
    {
        var frames = new System.Text.StringBuilder("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
        for (int i = 0; i < streams; i++)
        {
            int id = 1 + (2 * i);
            string number = $"\0\0{(char)(id >> 8)}{(char)(id & 0xFF)}";
            frames.Append("\0\0\x06\x01\x05").Append(number).Append("\x82\x86\x84\x41\x01" + "a");
            frames.Append("\0\0\x04\x03\0").Append(number).Append("\0\0\0\x08");
        }

        return frames.ToString();
    }

    [Fact]
    public async Task Certificates_are_chosen_by_name_and_may_be_replaced_while_it_runs()
    {
        var current = Certificate;
        await using var site = await Site.StartAsync(
            static app => app.MapGet("/", static () => "hi"),
            kestrel: server =>
                server.Listen(IPAddress.Loopback, 0, listen =>
                listen.UseHttps(https => https.ServerCertificateSelector = (_, name) => name == "b.test" ? Other : current)));

        (await NameAsync(site, "a.test")).Should().Be("CN=a.test");
        (await NameAsync(site, "b.test")).Should().Be("CN=b.test");
        current = Other;
        (await NameAsync(site, "a.test")).Should().Be("CN=b.test");
    }

    [Fact]
    public async Task A_client_certificate_is_asked_for_and_seen_by_the_handler()
    {
        await using var site = await Site.StartAsync(
            static app => app.MapGet("/", static (HttpContext http) => http.Connection.ClientCertificate?.Subject),
            kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.UseHttps(static https =>
            {
                https.ServerCertificate = Certificate;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.AllowAnyClientCertificate();
            })));
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) =>
                true, ClientCertificates = [Other], LocalCertificateSelectionCallback = static (_, _, _, _, _) => Other },
        });
        (await client.GetStringAsync(site.Address)).Should().Be("CN=b.test");
    }

    [Fact]
    public async Task ALPN_chooses_HTTP2_and_falls_back()
    {
        await using var site = await Site.StartAsync(static app =>
            Map(app, new Where()), kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.UseHttps(Certificate)));
        site.Client.DefaultRequestVersion = HttpVersion.Version20;
        (await site.Client.GetStringAsync("/")).Should().Be("HTTP/2");
        using var old = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version11 };
        (await (await site.Client.SendAsync(old)).Content.ReadAsStringAsync()).Should().Be("HTTP/1.1");
    }

    [Fact]
    public async Task Noise_and_silence_instead_of_a_handshake_end_the_connection_and_nothing_else()
    {
        await using var site = await Site.StartAsync(
            static app => app.MapGet("/", static () => "hi"),
            kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.UseHttps(static https =>
            {
                https.ServerCertificate = Certificate;
                https.HandshakeTimeout = TimeSpan.FromMilliseconds(300);
            })));
        using var noise = await site.ConnectAsync();
        await noise.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await noise.ReadToEndAsync();
        using var silence = await site.ConnectAsync();
        (await silence.ReadToEndAsync()).Should().BeOneOf("", "[reset]");
        (await site.Client.GetStringAsync("/")).Should().Be("hi");
    }

    [Fact]
    public async Task A_stop_while_TLS_shakes_hands_ends_in_time()
    {
        var site = await Site.StartAsync(static app =>
            app.MapGet("/", static () => "hi"), kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.UseHttps(Certificate)));
        using var silent = await site.ConnectAsync();
        await silent.SendAsync("\x16\x03\x01");
        await site.DisposeAsync();
        (await silent.ReadToEndAsync()).Should().BeOneOf("", "[reset]");
    }

    private static void Map(WebApplication app, Where where)
    {
        app.MapGet("/", async (HttpContext http) =>
        {
            where.Note(http, "start");
            await Task.Delay(1);
            where.Note(http, "delay");
            return http.Request.Protocol;
        });
        app.MapPost("/length", async (HttpContext http) =>
        {
            byte[] buffer = new byte[50_000];
            int total = 0, count;
            while ((count = await http.Request.Body.ReadAsync(buffer)) > 0)
            {
                where.Note(http, "read");
                total += count;
            }

            return total.ToString();
        });
        app.MapGet("/big", async (HttpContext http) =>
        {
            byte[] block = new byte[50_000];
            for (int i = 0; i < 100; i++)
            {
                await http.Response.Body.WriteAsync(block);
                where.Note(http, "write");
            }
        });
    }

    private static async Task<string> NameAsync(Site site, string host)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(site.EndPoint);
        await using var tls = new SslStream(new NetworkStream(socket), false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(host).WaitAsync(TimeSpan.FromSeconds(20));
        return tls.RemoteCertificate!.Subject;
    }

    private static X509Certificate2 Make(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
