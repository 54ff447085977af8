using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace EventLoop.AspNetCore.Tests;

/// <summary>The sample of a web service as a process, from its start to its end by SIGTERM.</summary>
public sealed class WebApiSampleTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_service_does_what_its_page_says()
    {
        await using var service = await Service.StartAsync();
        var http = service.Client;
        (await http.GetStringAsync("/")).Should().Be("""{"message":"Hello, World!","visits":1}""");
        var timing = await http.GetFromJsonAsync<JsonElement>("/timeit/0.05");
        timing.GetProperty("took").GetDouble().Should().BeInRange(0.04, 20);
        (await http.GetAsync("/timeit/99")).StatusCode.Should().Be(HttpStatusCode.BadRequest);

        using var wrong = await http.PostAsJsonAsync("/items", new { name = "", price = -1 });
        wrong.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        wrong.Content.Headers.ContentType!.MediaType.Should().Be("application/problem+json");
        (await wrong.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(static error =>
            error.Name).Should().BeEquivalentTo("Name", "Price");
        using var created = await http.PostAsJsonAsync("/items", new { name = "pen", price = 1.5 });
        created.StatusCode.Should().Be(HttpStatusCode.Created);
        (await http.GetFromJsonAsync<JsonElement>(created.Headers.Location!)).GetProperty("name").GetString().Should().Be("pen");
        (await http.GetAsync("/items/99")).StatusCode.Should().Be(HttpStatusCode.NotFound);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            for (int i = 0; i < 20; i++)
            {
                (await http.PostAsync("/count", null)).EnsureSuccessStatusCode();
            }
        }));
        (await http.GetStringAsync("/count")).Should().Be("200");

        (await http.GetFromJsonAsync<JsonElement>("/openapi/v1.json")).GetProperty("paths").TryGetProperty("/timeit/{seconds}", out _).Should().BeTrue();
        string viewer = await http.GetStringAsync("/docs/index.html");
        viewer.Should().Contain("swagger-ui").And.NotContain("https://", "it needs no other host");
        (await http.GetStringAsync("/health")).Should().Be("Healthy");
        await TalkAsync(service);
        await LookAsync(service);
        (await service.EndAsync()).Should().Be(0, service.Said);
        service.Said.Should().Contain("Application is shutting down").And.NotContain("fail:").And.NotContain("warn:");
    }

    [Fact]
    public async Task The_databases_are_asked_on_the_loop()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/redis-server") && File.Exists("/usr/sbin/mariadbd"),
            "redis-server or mariadb-server (Debian packages) is not installed.");
        await using var service = await Service.StartAsync();
        for (int i = 1; i <= 3; i++)
        {
            (await service.Client.GetStringAsync("/red")).Should().Be($$"""{"value":"value","visits":{{i}}}""");
            (await service.Client.GetFromJsonAsync<JsonElement>("/sql")).GetProperty("value").GetInt32().Should().Be(42);
        }

        (await service.EndAsync()).Should().Be(0, service.Said);
        service.Said.Should().Contain("started Redis on 127.0.0.1:").And.Contain("started MariaDB on 127.0.0.1:").And.Contain("stopped the servers");
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_a_problem_and_no_failure()
    {
        await using var service = await Service.StartAsync("--mysql", "127.0.0.1:1", "--redis", "127.0.0.1:1");
        using var sql = await service.Client.GetAsync("/sql");
        sql.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        using var redis = await service.Client.GetAsync("/red");
        redis.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        (await service.Client.GetStringAsync("/health")).Should().Be("Healthy");
    }

    [Fact]
    public async Task A_stop_under_load_loses_no_request()
    {
        await using var service = await Service.StartAsync();
        int answered = 0;
        var underLoad = new TaskCompletionSource();
        var clients = Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                while (true)
                {
                    using var answer = await service.Client.GetAsync("/timeit/0.005");
                    answer.EnsureSuccessStatusCode();
                    (await answer.Content.ReadAsStringAsync()).Should().Contain("took");
                    if (Interlocked.Increment(ref answered) == 50)
                    {
                        underLoad.SetResult();
                    }
                }
            }
            catch (HttpRequestException refused) when (refused.HttpRequestError is HttpRequestError.ConnectionError)
            {
                // It listens no more. Anything else would be a request that was lost.
            }
        }).ToArray();
        await underLoad.Task.WaitAsync(Patience);
        (await service.EndAsync()).Should().Be(0, service.Said);
        await Task.WhenAll(clients).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_stop_ends_open_streams_and_chats_in_order()
    {
        await using var service = await Service.StartAsync();
        await using var stream = await service.Client.GetStreamAsync("/live/events");
        await using var figures = SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator();
        (await figures.MoveNextAsync()).Should().BeTrue();
        using var ann = await ComeAsync(service, "Ann");
        (await HearAsync(ann)).Should().Be("* Ann has come; 1 here");
        using var deaf = await ComeAsync(service, "Deaf");      // never reads, and so answers no goodbye
        (await HearAsync(ann)).Should().Be("* Deaf has come; 2 here");

        var watch = Stopwatch.StartNew();
        var end = service.EndAsync();
        var goodbye = await ann.ReceiveAsync(new byte[1000], default).WaitAsync(Patience);
        goodbye.MessageType.Should().Be(WebSocketMessageType.Close);
        ann.CloseStatus.Should().Be(WebSocketCloseStatus.EndpointUnavailable);
        await ann.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default).WaitAsync(Patience);
        while (await figures.MoveNextAsync().AsTask().WaitAsync(Patience))
        {
            // It ends, and is not cut off: that would be an exception.
        }

        (await end.WaitAsync(Patience)).Should().Be(0, service.Said);
        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(25), "the host, which has thirty, had to cut nobody off");
        service.Said.Should().NotContain("fail:").And.NotContain("warn:");
    }

    [Fact]
    public async Task Help_says_what_it_does_and_a_port_that_is_taken_is_named()
    {
        (await RunAsync("--help")).Said.Should().Contain("samples/WebApi").And.Contain("--redis HOST:PORT");
        var (refusal, why) = await RunAsync("--redis", "nowhere");
        refusal.Should().Be(2);
        why.Should().Contain("--redis takes HOST:PORT");
        await using var first = await Service.StartAsync();
        var (code, said) = await RunAsync("--port", $"{first.Client.BaseAddress!.Port}");
        code.Should().NotBe(0);
        said.Should().Contain("address already in use");
    }

    private static async Task TalkAsync(Service service)
    {
        using var ann = await ComeAsync(service, "Ann");
        (await HearAsync(ann)).Should().Be("* Ann has come; 1 here");
        using var bob = await ComeAsync(service, "Bob");
        (await HearAsync(ann)).Should().Be("* Bob has come; 2 here");
        await bob.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, default);
        (await HearAsync(ann)).Should().Be("Bob: hello");
        byte[] text = Encoding.UTF8.GetBytes("grün");
        await bob.SendAsync(text.AsMemory(0, 3), WebSocketMessageType.Text, false, default);      // in the middle of a character
        await bob.SendAsync(text.AsMemory(3), WebSocketMessageType.Text, true, default);
        (await HearAsync(ann)).Should().Be("Bob: grün");
        await bob.SendAsync(new byte[16 * 1024 + 1], WebSocketMessageType.Text, true, default);
        while ((await bob.ReceiveAsync(new byte[1000], default).WaitAsync(Patience)).MessageType != WebSocketMessageType.Close)
        {
        }

        bob.CloseStatus.Should().Be(WebSocketCloseStatus.MessageTooBig);
        (await HearAsync(ann)).Should().Be("* Bob has left");
        await ann.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default).WaitAsync(Patience);
    }

    private static async Task<ClientWebSocket> ComeAsync(Service service, string name)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{service.Client.BaseAddress!.Port}/chat/socket?name={name}"), default).WaitAsync(Patience);
        return socket;
    }

    private static async Task<string> HearAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[1000];
        var got = await socket.ReceiveAsync(buffer, default).WaitAsync(Patience);
        return Encoding.UTF8.GetString(buffer, 0, got.Count);
    }

    private static async Task LookAsync(Service service)
    {
        (await service.Client.GetStringAsync("/live")).Should().Contain("EventSource");
        await using var stream = await service.Client.GetStreamAsync("/live/events");
        await foreach (var figures in SseParser.Create(stream).EnumerateAsync())
        {
            figures.EventType.Should().Be("figures");
            JsonDocument.Parse(figures.Data).RootElement.GetProperty("names").EnumerateArray().Select(static name =>
                name.GetString()).Should().Contain("GET /live/events");
            return;
        }
    }

    private static async Task<(int Code, string Said)> RunAsync(params string[] arguments)
    {
        using var program = Start(arguments);
        var said = program.StandardOutput.ReadToEndAsync();
        var errors = program.StandardError.ReadToEndAsync();
        try
        {
            await program.WaitForExitAsync().WaitAsync(Patience);
            return (program.ExitCode, await said + await errors);
        }
        finally
        {
            if (!program.HasExited)
            {
                program.Kill();
            }
        }
    }

    private static Process Start(string[] arguments)
    {
        string dotnet = Environment.ProcessPath is { } own && Path.GetFileName(own) == "dotnet" ? own : "dotnet";
        return Process.Start(new ProcessStartInfo(dotnet, [Path.Combine(AppContext.BaseDirectory, "WebApi.dll"), .. arguments]) { RedirectStandardOutput = true,
            RedirectStandardError = true })!;
    }

    private sealed class Service : IAsyncDisposable
    {
        private readonly Process process;
        private readonly StringBuilder said = new();      // guarded by itself

        private Service(Process process) => this.process = process;

        internal HttpClient Client { get; } = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };

        internal string Said
        {
            get
            {
                lock (said)
                {
                    return said.ToString();
                }
            }
        }

        internal static async Task<Service> StartAsync(params string[] arguments)
        {
            var service = new Service(Start(["--port", "0", .. arguments]));
            var listening = new TaskCompletionSource<string>();
            service.process.OutputDataReceived += (_, line) =>
            {
                service.Keep(line.Data);
                if (line.Data?.Split("Now listening on: ") is [_, var address])
                {
                    listening.TrySetResult(address);
                }
            };
            service.process.ErrorDataReceived += (_, line) => service.Keep(line.Data);
            service.process.BeginOutputReadLine();
            service.process.BeginErrorReadLine();
            service.Client.BaseAddress = new Uri(await listening.Task.WaitAsync(Patience));
            return service;
        }

        /// <summary>By SIGTERM.</summary>
        internal async Task<int> EndAsync()
        {
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await process.WaitForExitAsync().WaitAsync(Patience);
            return process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            if (!process.HasExited)
            {
                try
                {
                    await EndAsync();
                }
                catch (TimeoutException)
                {
                    process.Kill();
                }
            }

            process.Dispose();
        }

        private void Keep(string? line)
        {
            lock (said)
            {
                said.AppendLine(line);
            }
        }
    }
}
