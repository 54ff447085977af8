using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using EventLoop.AspNetCore;
using EventLoop.AspNetCore.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>Addresses, loops, and what is told of connections.</summary>
public sealed class ListenTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(AcceptMode.HandOff)]
    [InlineData(AcceptMode.ReusePort)]
    public async Task Several_loops_share_the_connections_and_each_request_stays_on_the_loop_of_its_own(AcceptMode mode)
    {
        var where = new Where();
        var served = new ConcurrentDictionary<string, int>();
        await using var site = await Site.StartAsync(
            app => app.MapGet("/", async (HttpContext http) =>
            {
                where.Note(http, "start");
                await Task.Delay(1);
                where.Note(http, "delay");
                await Task.Run(static () => { });
                where.Note(http, "run");
                served.AddOrUpdate(Loop.Current.Name, 1, static (_, count) => count + 1);
            }),
            options =>
            {
                options.Loops = 3;
                options.Accept = mode;
            });
        for (int i = 0; i < 30; i++)
        {
            using var client = await site.ConnectAsync();
            for (int j = 0; j < 3; j++)
            {
                await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                await client.ReadThroughAsync("\r\n\r\n");
            }
        }

        where.Wrong.Distinct().Should().BeEmpty();
        served.Values.Sum().Should().Be(90);
        if (mode == AcceptMode.HandOff)
        {
            served.Should().BeEquivalentTo(new Dictionary<string, int> { ["web-1"] = 30, ["web-2"] = 30, ["web-3"] = 30 });
        }
        else
        {
            served.Count.Should().BeGreaterThan(1);
        }
    }

    [Fact]
    public async Task More_loops_than_cores_work_as_well()
    {
        await using var site = await Site.StartAsync(static app =>
            app.MapGet("/", static () => Loop.Current.Name), static options => options.Loops = (2 * Environment.ProcessorCount) + 1);
        string[] names = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => site.Client.GetStringAsync("/")));
        names.Should().OnlyContain(static name => name.StartsWith("web-"));
    }

    [Fact]
    public async Task A_listener_that_was_given_up_before_its_loop_came_to_it_is_not_opened_afterwards()
    {
        await using var site = await Site.StartAsync(static app => app.MapGet("/", static () => "hi"));
        var loop = site.App.Services.GetRequiredService<ServerLoops>().All[0];
        var listeners = site.App.Services.GetServices<IConnectionListenerFactory>().Last();
        using var place = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        place.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var free = (IPEndPoint)place.LocalEndPoint!;
        place.Dispose();
        using var release = new ManualResetEventSlim();
        using var giveUp = new CancellationTokenSource();
        loop.Post(release.Wait);
        var binding = listeners.BindAsync(free, giveUp.Token).AsTask();
        giveUp.Cancel();
        await FluentActions.Awaiting(() => binding.WaitAsync(Patience)).Should().ThrowAsync<OperationCanceledException>();
        release.Set();
        await loop.Submit(static async Coroutine () => await Loop.Yield()).WaitAsync(Patience);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        (await FluentActions.Awaiting(() => client.ConnectAsync(free)).Should().ThrowAsync<SocketException>())
            .Which.SocketErrorCode.Should().Be(SocketError.ConnectionRefused);
        (await site.Client.GetStringAsync("/")).Should().Be("hi");
    }

    [Fact]
    public async Task A_loop_in_the_services_serves_the_application()
    {
        using var started = new ManualResetEventSlim();
        Loop? loop = null;
        var thread = new Thread(() =>
        {
            using var runner = new LoopRunner(new LoopOptions { HandleInterrupt = false, Name = "mine" });
            loop = runner.Loop;
            loop.CallSoon(started.Set);
            loop.RunForever();
        });
        thread.Start();
        started.Wait(Patience);
        await using (var site = await Site.StartAsync(static app =>
            app.MapGet("/", static () => Loop.Current.Name), build: builder => builder.Services.AddSingleton(loop!)))
        {
            (await site.Client.GetStringAsync("/")).Should().Be("mine");
        }

        loop!.IsClosed.Should().BeFalse("it is not the server's");
        loop.Stop();
        thread.Join(Patience).Should().BeTrue();
    }

    [Fact]
    public async Task A_Unix_socket_is_served_and_its_file_removed()
    {
        string path = Path.Combine(Path.GetTempPath(), $"eventloop-{Guid.NewGuid():N}.sock");
        await using (await Site.StartAsync(static app =>
            app.MapGet("/", static () => Loop.CurrentTask!.Name), kestrel: server => server.ListenUnixSocket(path)))
        {
            using var client = new HttpClient(new SocketsHttpHandler
            {
                ConnectCallback = async (_, token) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            });
            (await client.GetStringAsync("http://localhost/")).Should().Be("GET /");
            (await client.GetStringAsync("http://localhost/")).Should().Be("GET /");
        }

        File.Exists(path).Should().BeFalse();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Listening_sockets_that_were_inherited_are_served_and_left_to_who_opened_them(bool onLoop)
    {
        // As systemd hands them over: bound and listening, by their numbers.
        string path = Path.Combine(Path.GetTempPath(), $"eventloop-{Guid.NewGuid():N}.sock");
        var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        tcp.Listen();
        int port = ((IPEndPoint)tcp.LocalEndPoint!).Port;
        var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        unix.Bind(new UnixDomainSocketEndPoint(path));
        unix.Listen();
        ulong[] handles = [GiveAway(tcp), GiveAway(unix)];
        await using (var site = await Site.StartAsync(
            static app => app.MapGet("/", static (HttpContext http) =>
                $"{http.Connection.LocalPort} {http.Connection.LocalPort != 0 && http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket.NoDelay}"),
            onLoop: onLoop,
            kestrel: server =>
            {
                server.ListenHandle(handles[0]);
                server.ListenHandle(handles[1]);
            }))
        {
            site.App.Urls.Should().Equal($"http://127.0.0.1:{port}", $"http://unix:{path}");
            using var client = new HttpClient();
            (await client.GetStringAsync($"http://127.0.0.1:{port}/")).Should().Be($"{port} True", "what is written is sent at once");
            using var other = new HttpClient(new SocketsHttpHandler
            {
                ConnectCallback = async (_, token) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            });
            (await other.GetStringAsync("http://localhost/")).Should().Be("0 False");
        }

        File.Exists(path).Should().BeTrue("it is not the server's");
        File.Delete(path);
    }

    private static ulong GiveAway(Socket socket)
    {
        ulong handle = (ulong)socket.SafeHandle.DangerousGetHandle();
        socket.SafeHandle.SetHandleAsInvalid();
        GC.SuppressFinalize(socket);      // it would remove the file
        return handle;
    }

    [Fact]
    public async Task A_listener_that_can_accept_nobody_says_so_once_in_a_while()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "an accept that fails as on Linux");
        var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        tcp.Listen();
        ulong handle = GiveAway(tcp);
        await using var site = await Site.StartAsync(static app => app.MapGet("/", static () => "hi"), kestrel: server => server.ListenHandle(handle));
        using (var same = new Socket(new SafeSocketHandle((nint)handle, ownsHandle: false)))
        {
            same.Shutdown(SocketShutdown.Both);      // it listens no more, and every accept fails
        }

        await FeatureTests.UntilAsync(() => Complaints().Any());
        await site.App.Services.GetRequiredService<ServerLoops>().All[0].Submit(static async Coroutine () => await Loop.Sleep(450));
        Complaints().Should().ContainSingle("it tries again ten times a second, and needs no line for each");

        IEnumerable<string> Complaints() => site.Log.At(LogLevel.Error).Where(static line => line.Contains("cannot be accepted for now"));
    }

    [Fact]
    public void A_file_that_came_to_the_path_of_a_socket_whose_own_had_gone_is_left()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere files are not told apart");
        string path = Path.Combine(Path.GetTempPath(), $"eventloop-{Guid.NewGuid():N}.sock");
        var file = UnixSocketFile.Of(new UnixDomainSocketEndPoint(path))!;
        File.WriteAllText(path, "another's");
        file.Remove();
        File.Exists(path).Should().BeTrue();
        File.Delete(path);
    }

    [Fact]
    public async Task Both_families_of_localhost_are_served()
    {
        await using var site = await Site.StartAsync(static app =>
            app.MapGet("/", static (HttpContext http) => http.Connection.RemoteIpAddress!.ToString()), kestrel: static server => server.ListenAnyIP(0));
        int port = new Uri(site.App.Urls.First().Replace("[::]", "localhost")).Port;
        using var client = new HttpClient();
        (await client.GetStringAsync($"http://127.0.0.1:{port}/")).Should().Contain("127.0.0.1");
    }

    [Fact]
    public async Task Connections_are_counted_by_Kestrels_meter_and_logged()
    {
        long opened = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, self) =>
        {
            if (instrument.Meter.Name == "Microsoft.AspNetCore.Server.Kestrel" && instrument.Name == "kestrel.active_connections")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        await using var site = await Site.StartAsync(
            static app => app.MapGet("/", static () => "hi"),
            kestrel: static server => server.Listen(IPAddress.Loopback, 0, static listen => listen.UseConnectionLogging()));
        int port = site.EndPoint.Port;
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "server.port" && Equals(tag.Value, port) && value > 0)
                {
                    Interlocked.Add(ref opened, value);
                }
            }
        });
        listener.Start();
        for (int i = 0; i < 3; i++)
        {
            using var client = await site.ConnectAsync();
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await client.ReadThroughAsync("hi");
        }

        Interlocked.Read(ref opened).Should().Be(3);
        site.Log.At(LogLevel.Debug).Should().Contain(static line =>
            line.Contains("ReadAsync[") && line.Contains("47 45 54"), "the logging middleware shows the bytes");
    }

    [Fact]
    public async Task Limits_are_Kestrels()
    {
        await using var site = await Site.StartAsync(
            static app =>
            {
                app.MapGet("/", static () => "hi");
                app.MapPost("/", static async (HttpContext http) => await http.Request.Body.CopyToAsync(Stream.Null));
            },
            kestrel: static server =>
            {
                server.Listen(IPAddress.Loopback, 0);
                server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(1);
                server.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(1);
                server.Limits.MaxRequestBodySize = 10;
                server.Limits.MaxConcurrentConnections = 3;
            });
        using var silent = await site.ConnectAsync();
        await silent.SendAsync("GET / HTTP/1.1\r\n");
        using var idle = await site.ConnectAsync();
        await idle.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await idle.ReadThroughAsync("hi");
        using var big = await site.ConnectAsync();
        await big.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
        (await big.ReadThroughAsync("\r\n\r\n")).Should().StartWith("HTTP/1.1 413");
        using var fourth = await site.ConnectAsync();
        (await fourth.ReadToEndAsync()).Should().BeOneOf("", "[reset]");
        (await silent.ReadToEndAsync()).Should().StartWith("HTTP/1.1 408");
        (await idle.ReadToEndAsync()).Should().NotContain("HTTP/1.1", "it is closed without another answer");
    }
}
