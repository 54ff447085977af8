using System.Net;
using System.Net.Sockets;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>What a connection and a request offer: the same as on Kestrel's sockets.</summary>
[Collection(typeof(Alone))]
public sealed class FeatureTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Every difference, with its reason.</summary>
    private static readonly Dictionary<string, string> Additional = new()
    {
        ["connection: " + typeof(IEventLoopFeature).FullName] = "says on which loop it is",
        ["request: " + typeof(IEventLoopFeature).FullName] = "says on which loop it is",
        ["request: EventLoop.AspNetCore.Requests.RequestTask"] = "by HTTP/2, where a connection has several at a time",
        ["connection: " + typeof(IConnectionEndPointFeature).FullName] = "the addresses, of which a ConnectionContext without a socket has no other sign",
        ["asked of a request: " + typeof(IConnectionEndPointFeature).FullName] = "it is the connection's",
    };

    [Theory]
    [InlineData("http", "1.1")]
    [InlineData("https", "1.1")]
    [InlineData("http", "2.0")]
    [InlineData("https", "2.0")]
    public async Task A_connection_and_its_requests_have_the_features_that_they_have_on_sockets(string scheme, string version)
    {
        var here = await FeaturesAsync(onLoop: true, scheme, version);
        var sockets = await FeaturesAsync(onLoop: false, scheme, version);
        sockets.Except(here).Should().BeEmpty("whatever is offered on sockets is offered here");
        here.Except(sockets).Should().BeSubsetOf(Additional.Keys);
        here.Should().Contain("connection: " + typeof(IConnectionSocketFeature).FullName);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_socket_of_a_connection_answers_questions_and_takes_options(bool onLoop)
    {
        Socket? kept = null;
        await using var site = await Site.StartAsync(
            app => app.MapGet("/", async (HttpContext http) =>
            {
                var socket = http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
                string here = Describe(socket);
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 77);
                string onPool = await Task.Run(() => Describe(http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket));
                onPool.Should().Be(here);
                kept.Should().BeOneOf(null, socket);
                kept = socket;
                return here + " " + socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime);
            }),
            onLoop: onLoop);
        using var client = await site.ConnectAsync();
        for (int i = 0; i < 3; i++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await client.ReadThroughAsync($"{client.Socket.RemoteEndPoint} {client.Socket.LocalEndPoint} Stream Tcp True 77");
        }

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        (await client.ReadToEndAsync()).Should().EndWith("77\r\n0\r\n\r\n", "the client sees the end, although somebody has kept the socket");
        await UntilAsync(() => kept!.SafeHandle.IsClosed);

        static string Describe(Socket socket) =>
            $"{socket.LocalEndPoint} {socket.RemoteEndPoint} {socket.SocketType} {socket.ProtocolType} {socket.Connected}";
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_socket_is_there_for_who_chooses_the_certificate_and_for_middleware_of_connections(bool onLoop)
    {
        var seen = new TaskCompletionSource<EndPoint?>();
        var asked = new TaskCompletionSource<EndPoint?>();
        await using var site = await Site.StartAsync(
            static app => app.MapGet("/", static () => "hi"),
            onLoop: onLoop,
            kestrel: server => server.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Use(next => connection =>
                {
                    seen.TrySetResult(connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket.RemoteEndPoint);
                    return next(connection);
                });
                listen.UseHttps(https => https.ServerCertificateSelector = (connection, _) =>
                {
                    asked.TrySetResult(connection!.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket.RemoteEndPoint);
                    return TlsTests.Certificate;
                });
            }));
        (await site.Client.GetStringAsync("/")).Should().Be("hi");
        (await asked.Task.WaitAsync(Patience)).Should().Be(await seen.Task.WaitAsync(Patience)).And.NotBeNull();
    }

    [Fact]
    public async Task Sockets_that_are_asked_for_while_their_connections_close_leave_no_descriptor_behind()
    {
        await using var site = await Site.StartAsync(
            static app => app.MapGet("/", static (HttpContext http) =>
            {
                var feature = http.Features.GetRequiredFeature<IConnectionSocketFeature>();
                for (int i = 0; i < 3; i++)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(
                        static asked =>
                        {
                            try
                            {
                                _ = asked.Socket.RemoteEndPoint;
                            }
                            catch (ObjectDisposedException)
                            {
                            }
                        },
                        feature,
                        preferLocal: false);
                }

                http.Abort();
            }),
            quiet: true);
        using (var first = await site.ConnectAsync())
        {
            await first.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await first.ReadToEndAsync();
        }

        int before = Sockets();
        for (int i = 0; i < 500; i++)
        {
            using var client = await site.ConnectAsync();
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await client.ReadToEndAsync();
        }

        await UntilAsync(() => Sockets() <= before + 2);
        site.Log.At(LogLevel.Error).Should().BeEmpty();
    }

    /// <summary>How many sockets this process has.</summary>
    internal static int Sockets() => OpenFiles().Count(static open => open.StartsWith("socket:", StringComparison.Ordinal));

    /// <summary>What the descriptors of this process are.</summary>
    internal static IEnumerable<string> OpenFiles()
    {
        foreach (string entry in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            string? target = null;
            try
            {
                target = new FileInfo(entry).LinkTarget;
            }
            catch (IOException)
            {
                // Closed meanwhile.
            }

            yield return target ?? "";
        }
    }

    internal static async Task UntilAsync(Func<bool> isSo)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!isSo())
        {
            Environment.TickCount64.Should().BeLessThan(end, "it has to be so within its time");
            await Task.Delay(5);
        }
    }

    private static async Task<List<string>> FeaturesAsync(bool onLoop, string scheme, string version)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        await using var site = await Site.StartAsync(
            app => app.MapPost("/", async (HttpContext http) =>
            {
                await http.Request.Body.CopyToAsync(Stream.Null);
                foreach (var (type, feature) in http.Features)
                {
                    found.Add($"request: {type.FullName}{(http.Features[type] is null || !type.IsInstanceOfType(feature) ? ", which is none" : "")}");
                }

                // Those of the connection are to be had from the request, too, where they are not in its list.
                foreach (var type in (Type[])[typeof(IConnectionSocketFeature), typeof(IConnectionIdFeature), typeof(IConnectionLifetimeFeature),
                    typeof(IConnectionEndPointFeature), typeof(IConnectionTransportFeature), typeof(IConnectionItemsFeature), typeof(IMemoryPoolFeature)])
                {
                    if (http.Features[type] is not null)
                    {
                        found.Add($"asked of a request: {type.FullName}");
                    }
                }
            }),
            onLoop: onLoop,
            kestrel: server => server.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = version == "1.1" ? HttpProtocols.Http1 : HttpProtocols.Http2;
                if (scheme == "https")
                {
                    listen.UseHttps(TlsTests.Certificate);
                }

                listen.Use(next => connection =>
                {
                    foreach (var (type, _) in connection.Features)
                    {
                        found.Add("connection: " + type.FullName);
                    }

                    return next(connection);
                });
            }));
        using var request = new HttpRequestMessage(HttpMethod.Post, site.Address)
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent("a body"),
        };
        (await site.Client.SendAsync(request)).EnsureSuccessStatusCode();
        return [.. found];
    }
}
