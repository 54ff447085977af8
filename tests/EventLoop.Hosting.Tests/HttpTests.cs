using System.Net;
using EventLoop.Net;
using Microsoft.Extensions.DependencyInjection;

namespace EventLoop.Hosting.Tests;

/// <summary>Clients of the factory whose connections live on the loop, and deadlines of requests.</summary>
public sealed class HttpTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_of_the_factory_asks_by_way_of_the_loop_wherever_it_is_used()
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop(), static _ => Ok);
        (await app.Client.GetStringAsync(app.Uri, Token)).Should().Be("ok");
        (await app.Loop.Submit(
            async Coroutine<string> () =>
            {
                string text = await app.Client.GetStringAsync(app.Uri, Loop.CancellationToken);
                Loop.Current.Should().BeSameAs(app.Loop);
                return text;
            },
            Token)).Should().Be("ok");
        app.Connections.Should().Be(1, "both went over one connection");
    }

    [Fact]
    public async Task A_warm_request_on_the_loop_never_leaves_its_thread()
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop(), static _ => Ok);
        await app.Loop.Submit(
            async Coroutine () =>
            {
                await app.Client.GetStringAsync(app.Uri, Loop.CancellationToken);
                using var response = await app.Client.GetAsync(app.Uri, HttpCompletionOption.ResponseHeadersRead, Loop.CancellationToken);
                response.Content.Should().NotBeNull();
                string? thread = await Elsewhere(response);
                thread.Should().Be(Thread.CurrentThread.Name);
            },
            Token);

        static async Task<string?> Elsewhere(HttpResponseMessage response)
        {
            _ = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
            return Thread.CurrentThread.Name;
        }
    }

    [Fact]
    public async Task Handlers_rotate_and_each_makes_its_connections_on_the_loop()
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop().SetHandlerLifetime(TimeSpan.FromSeconds(1)), static _ => Ok);
        var factory = app.Services.GetRequiredService<IHttpClientFactory>();
        using var time = new CancellationTokenSource(Hosts.Patience);
        while (app.Connections < 2)
        {
            using var client = factory.CreateClient("x");
            (await client.GetStringAsync(app.Uri, time.Token)).Should().Be("ok");
            await Task.Delay(20, time.Token);
        }
    }

    [Fact]
    public async Task A_handler_may_be_made_where_no_loop_runs_and_before_its_loop_does()
    {
        using var host = Hosts.Build(static services => services.AddEventLoop());
        using var client = new HttpClient(LoopHttp.CreateHandler(host.Loop()));
        await host.StartAsync(Token);
        var server = await host.Loop().Submit(static async Coroutine<Server> () =>
            Tcp.Listen("127.0.0.1", 0, static async connection => await App.ServeAsync(connection, static _ => Ok)), Token);
        (await client.GetStringAsync($"http://127.0.0.1:{((IPEndPoint)server.EndPoint).Port}/", Token)).Should().Be("ok");
        await host.StopAsync(Token);

        await client.Invoking(static client => client.GetStringAsync("http://127.0.0.1:1/", Token)).Should().ThrowAsync<HttpRequestException>();
        FluentActions.Invoking(() => LoopHttp.CreateHandler(host.Loop())).Should().Throw<ObjectDisposedException>();
    }

    [Fact]
    public async Task A_client_that_is_made_after_the_loops_end_fails_by_its_requests()
    {
        using var host = await Hosts.StartAsync(static services => services.AddEventLoop().AddHttpClient("x").UseEventLoop());
        await host.StopAsync(Token);
        host.Loop().IsClosed.Should().BeTrue();
        using var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("x");
        await client.Invoking(static client => client.GetStringAsync("http://127.0.0.1:1/", Token)).Should().ThrowAsync<HttpRequestException>()
            .WithMessage("*application*");
    }

    [Fact]
    public async Task Without_a_loop_a_client_says_what_is_missing()
    {
        await using var provider = new ServiceCollection().AddHttpClient("x").UseEventLoop().Services.BuildServiceProvider();
        provider.GetRequiredService<IHttpClientFactory>().Invoking(static factory =>
            factory.CreateClient("x")).Should().Throw<InvalidOperationException>().WithMessage("*services.AddEventLoop()*");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")]
    public async Task A_request_that_is_not_over_by_its_deadline_throws_a_timeout_that_names_it(string? answer)
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop().AddRequestDeadline(TimeSpan.FromMilliseconds(100)), _ => answer);
        await app.Client.Invoking(client => client.GetStringAsync(app.Uri, Token)).Should().ThrowAsync<TimeoutException>()
            .WithMessage($"GET {app.Uri} was not over within its deadline of 0.1 s.");
        await app.Loop.Submit(
            async Coroutine () =>
            {
                Func<Task> ask = () => app.Client.GetStringAsync(app.Uri);
                await ask.Should().ThrowAsync<TimeoutException>();
            },
            Token);
    }

    [Fact]
    public async Task A_body_that_is_read_as_a_stream_has_to_be_over_by_the_deadline_as_well()
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop().AddRequestDeadline(), static first =>
            first.Contains("/warm") ? Ok : "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: y\r\nContent-Type: text/x\r\n\r\npart");
        await app.Client.GetStringAsync(app.Uri + "warm", Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, app.Uri).SetDeadline(TimeSpan.FromSeconds(1));
        using var response = await app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        response.Content.Headers.ContentLength.Should().Be(9);
        response.Content.Headers.ContentType!.MediaType.Should().Be("text/x");
        using var body = await response.Content.ReadAsStreamAsync(Token);
        await body.Invoking(static body => body.CopyToAsync(Stream.Null, Token)).Should().ThrowAsync<TimeoutException>();
    }

    [Fact]
    public async Task A_request_in_time_knows_nothing_of_its_deadline()
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop().AddRequestDeadline(TimeSpan.FromMinutes(5)), static _ => Ok);
        (await app.Client.GetStringAsync(app.Uri, Token)).Should().Be("ok");
        using var response = await app.Client.GetAsync(app.Uri, HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        (await reader.ReadToEndAsync(Token)).Should().Be("ok");

        using var again = await app.Client.GetAsync(app.Uri, HttpCompletionOption.ResponseHeadersRead, Token);
        using var body = await again.Content.ReadAsStreamAsync(Token);
        (await Task.Factory.FromAsync(body.BeginRead, body.EndRead, new byte[9], 0, 9, null)).Should().Be(2);
    }

    [Fact]
    public async Task A_request_may_have_none_where_its_client_has_one()
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop().AddRequestDeadline(TimeSpan.FromTicks(1)), static _ => Ok);
        using var request = new HttpRequestMessage(HttpMethod.Get, app.Uri).SetDeadline(Timeout.InfiniteTimeSpan);
        using var response = await app.Client.SendAsync(request, Token);
        response.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_cancellation_from_outside_is_no_timeout()
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop().AddRequestDeadline(TimeSpan.FromMinutes(5)), static _ => null);
        using var source = new CancellationTokenSource();
        var asked = app.Client.GetStringAsync(app.Uri, source.Token);
        source.Cancel();
        await FluentActions.Awaiting(() => asked).Should().ThrowAsync<OperationCanceledException>();

        await app.Loop.Submit(
            async Coroutine () => (await CancelScope.MoveOnAfter(
                TimeSpan.FromMilliseconds(50), async Coroutine (scope) => { await app.Client.GetStringAsync(app.Uri, scope.Token); })).Should().BeFalse(),
            Token);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart")]
    public async Task A_synchronous_request_has_its_deadline_as_well(string? answer)
    {
        await using var app = await App.StartAsync(static client => client.AddRequestDeadline(TimeSpan.FromMilliseconds(100)), _ => answer);
        await Task.Run(() => app.Client.Invoking(client => client.Send(new HttpRequestMessage(HttpMethod.Get, app.Uri), Token))
            .Should().Throw<TimeoutException>().WithMessage($"GET {app.Uri} was not over within its deadline of 0.1 s."), Token)
            .WaitAsync(Hosts.Patience, Token);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_is_read_synchronously_has_to_be_over_by_the_deadline_as_well(bool isOnLoop)
    {
        await using var app = await App.StartAsync(static client => client.AddRequestDeadline(), static first =>
            first.Contains("/whole") ? Ok : "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
        await Task.Run(() => Read(app), Token).WaitAsync(Hosts.Patience, Token);

        void Read(App app)
        {
            if (isOnLoop)
            {
                Loop.Run(() =>      // another one than the server's
                {
                    ReadBoth(app);
                    return Task.CompletedTask;
                });
            }
            else
            {
                ReadBoth(app);
            }
        }

        static void ReadBoth(App app)
        {
            using (var whole = Ask(app.Uri + "whole", Hosts.Patience))
            using (var reader = new StreamReader(whole.Content.ReadAsStream(Token)))
            {
                reader.ReadToEnd().Should().Be("ok");
            }

            using (var copied = Ask(app.Uri + "whole", Hosts.Patience))
            {
                using var copy = new MemoryStream();
                copied.Content.CopyTo(copy, null, Token);
                copy.ToArray().Should().Equal("ok"u8.ToArray());
            }

            using var stalled = Ask(app.Uri, TimeSpan.FromSeconds(1));
            using var body = stalled.Content.ReadAsStream(Token);
            body.Invoking(static body => body.CopyTo(Stream.Null)).Should().Throw<TimeoutException>();

            HttpResponseMessage Ask(string uri, TimeSpan deadline) => app.Client.Send(
                new HttpRequestMessage(HttpMethod.Get, uri).SetDeadline(deadline), HttpCompletionOption.ResponseHeadersRead, Token);
        }
    }

    [Fact]
    public async Task A_body_that_arrives_on_the_loop_is_not_waited_for_synchronously_there()
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop().AddRequestDeadline(TimeSpan.FromMinutes(5)), static _ =>
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
        await app.Loop.Submit(
            async Coroutine () =>
            {
                using var response = await app.Client.GetAsync(app.Uri, HttpCompletionOption.ResponseHeadersRead, Loop.CancellationToken);
                using var body = await response.Content.ReadAsStreamAsync(Loop.CancellationToken);
                body.Invoking(static body => body.CopyTo(Stream.Null)).Should().Throw<InvalidOperationException>().WithMessage("*would block*");
            },
            Token).WaitAsync(Hosts.Patience, Token);
    }

    [Fact]
    public async Task A_deadline_that_no_timer_can_measure_is_none()
    {
        await using var app = await App.StartAsync(static client => client.UseEventLoop().AddRequestDeadline(TimeSpan.FromDays(60)), static _ => Ok);
        (await app.Client.GetStringAsync(app.Uri, Token)).Should().Be("ok");
    }

    [Fact]
    public void Deadlines_are_more_than_zero()
    {
        using var request = new HttpRequestMessage();
        request.Invoking(static request => request.SetDeadline(TimeSpan.Zero)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(static () => new RequestDeadlineHandler(TimeSpan.FromSeconds(-1))).Should().Throw<ArgumentOutOfRangeException>();
        new ServiceCollection().AddHttpClient("x").Invoking(static client =>
            client.AddRequestDeadline(TimeSpan.Zero)).Should().Throw<ArgumentOutOfRangeException>();
    }

    /// <summary>A host with a client, and a server on its loop.</summary>
    private sealed class App : IAsyncDisposable
    {
        private readonly Microsoft.Extensions.Hosting.IHost host;

        private App(Microsoft.Extensions.Hosting.IHost host)
        {
            this.host = host;
            Client = Services.GetRequiredService<IHttpClientFactory>().CreateClient("x");
        }

        public HttpClient Client { get; }

        public IServiceProvider Services => host.Services;

        public Loop Loop => host.Loop();

        public string Uri { get; private set; } = "";

        public int Connections { get; private set; }

        public static async Task<App> StartAsync(Action<IHttpClientBuilder> configure, Func<string, string?> answer)
        {
            var app = new App(await Hosts.StartAsync(services => configure(services.AddEventLoop().AddHttpClient("x"))));
            app.Uri = await app.Loop.Submit(
                async Coroutine<string> () =>
                {
                    var server = Tcp.Listen("127.0.0.1", 0, async connection =>
                    {
                        app.Connections++;
                        await ServeAsync(connection, answer);
                    });
                    return $"http://127.0.0.1:{((IPEndPoint)server.EndPoint).Port}/";
                },
                Token);
            return app;
        }

        public static async Coroutine ServeAsync(Connection connection, Func<string, string?> answer)
        {
            while (await connection.ReadLineAsync() is { } first)
            {
                while (await connection.ReadLineAsync() is { Length: > 0 })
                {
                }

                if (answer(first) is { } text)
                {
                    await connection.WriteAsync(text);
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await host.StopAsync(Token);
            host.Dispose();
        }
    }
}
