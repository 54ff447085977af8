using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.SignalR;

namespace EventLoop.AspNetCore.Tests;

/// <summary>Bodies that take time: items to come, Server-Sent Events, WebSockets, hubs, uploads and downloads.</summary>
public sealed class StreamingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Items_to_come_are_made_on_the_loop()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(app =>
        {
            app.MapGet("/direct", (HttpContext http) => Items(http, where));
            app.MapGroup("/group").MapGet("/later", async Task<IAsyncEnumerable<int>> (HttpContext http) =>
            {
                await Task.Yield();
                return Items(http, where);
            });
            app.MapGet("/result", (HttpContext http) => TypedResults.Ok(Items(http, where).OnLoop()));
        });
        foreach (string path in (string[])["/direct", "/group/later", "/result"])
        {
            (await site.Client.GetStringAsync(path)).Should().StartWith("[0,1,2,").And.EndWith("499]");
        }

        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(3 * 501);
    }

    [Fact]
    public async Task Items_of_a_controller_are_made_on_the_loop()
    {
        ItemsController.Where = new Where();
        await using var site = await Site.StartAsync(
            static app => app.MapControllers(),
            build: static builder => builder.Services.AddControllers().AddApplicationPart(typeof(ItemsController).Assembly));
        (await site.Client.GetStringAsync("/items")).Should().EndWith("499]");
        (await site.Client.GetStringAsync("/items/7")).Should().Be("GET items/{id}".Replace("GET items", "GET /items"));
        ItemsController.Where.Wrong.Distinct().Should().BeEmpty();
    }

    [Fact]
    public async Task Server_sent_events_are_made_on_the_loop()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(app => app.MapGet("/", (HttpContext http) => TypedResults.ServerSentEvents(Events(http, where))));
        await using var stream = await site.Client.GetStreamAsync("/");
        int count = 0;
        await foreach (var item in SseParser.Create(stream).EnumerateAsync())
        {
            item.Data.Should().Be($"{count++}");
        }

        count.Should().Be(50);
        where.Wrong.Distinct().Should().BeEmpty();
    }

    [Fact]
    public async Task A_WebSocket_lives_on_the_loop()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(app =>
        {
            app.UseWebSockets();
            app.Map("/", async (HttpContext http) =>
            {
                using var socket = await http.WebSockets.AcceptWebSocketAsync();
                byte[] buffer = new byte[100_000];
                while (true)
                {
                    var got = await socket.ReceiveAsync(buffer.AsMemory(), default);
                    where.Note(http, "received");
                    if (got.MessageType == WebSocketMessageType.Close)
                    {
                        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default);
                        where.Note(http, "closed");
                        return;
                    }

                    await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, default);
                    where.Note(http, "sent");
                }
            });
        });
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri(site.Address.Replace("http", "ws")), default).WaitAsync(Patience);
        byte[] reply = new byte[100_000];
        for (int i = 0; i < 100; i++)
        {
            await client.SendAsync(Encoding.UTF8.GetBytes($"message {i}"), WebSocketMessageType.Text, true, default);
            var got = await client.ReceiveAsync(reply, default).WaitAsync(Patience);
            Encoding.UTF8.GetString(reply, 0, got.Count).Should().Be($"message {i}");
        }

        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default).WaitAsync(Patience);
        where.Wrong.Distinct().Should().BeEmpty();
        where.Count.Should().Be(202);
    }

    [Theory]
    [InlineData(HttpTransport.WebSockets)]
    [InlineData(HttpTransport.Events)]
    [InlineData(HttpTransport.LongPolling)]
    public async Task A_hub_runs_on_the_loop_call_by_call(HttpTransport transport)
    {
        EchoHub.Log = [];
        await using var site = await Site.StartAsync(static app => app.MapHub<EchoHub>("/hub"), build: static builder => builder.Services.AddSignalR());
        await using var hub = await HubClient.ConnectAsync(site, transport);
        (await hub.InvokeAsync("1", "Echo", "hi")).Should().Contain("\"result\":\"hi\"");
        (await hub.StreamAsync("2", "Count", 20)).Should().Contain("\"item\":19");
        (await hub.InvokeAsync("3", "Fail", "x")).Should().Contain("\"error\"");
        await hub.DisposeAsync();
        EchoHub.Log.Where(static line => !line.EndsWith(": loop", StringComparison.Ordinal)).Should().BeEmpty();
        EchoHub.Log.Should().Contain("connected: loop").And.Contain("EchoHub.Echo: loop").And.Contain("item 19: loop");
    }

    [Fact]
    public async Task Compressed_and_cached_answers_work_as_always()
    {
        int made = 0;
        var where = new Where();
        await using var site = await Site.StartAsync(
            app =>
            {
                app.UseResponseCompression();
                app.UseOutputCache();
                app.MapGet("/", async (HttpContext http) =>
                {
                    await Task.Yield();
                    where.Note(http, "made");
                    return new string('x', 50_000) + ++made;
                }).CacheOutput();
            },
            build: static builder =>
            {
                builder.Services.AddResponseCompression();
                builder.Services.AddOutputCache();
            });
        for (int i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/");
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
            using var answer = await site.Client.SendAsync(request);
            answer.Content.Headers.ContentEncoding.Should().Contain("gzip");
            using var text = new StreamReader(new GZipStream(await answer.Content.ReadAsStreamAsync(), CompressionMode.Decompress));
            (await text.ReadToEndAsync()).Should().Be(new string('x', 50_000) + "1");
        }

        where.Wrong.Should().BeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_upload_and_download_need_little_memory(bool isChunked)
    {
        const long Size = 64L << 20;
        var where = new Where();
        long peak = 0;
        int looks = 0;
        await using var site = await Site.StartAsync(
            app =>
            {
                app.MapPost("/", async (HttpContext http) =>
                {
                    byte[] buffer = new byte[64 * 1024];
                    long total = 0;
                    int count;
                    while ((count = await http.Request.Body.ReadAsync(buffer)) > 0)
                    {
                        where.Note(http, "read");
                        total += count;
                        Look();
                    }

                    return total.ToString();
                });
                app.MapGet("/", async (HttpContext http) =>
                {
                    http.Response.ContentLength = isChunked ? null : Size;
                    byte[] block = new byte[64 * 1024];
                    for (long sent = 0; sent < Size; sent += block.Length)
                    {
                        await http.Response.Body.WriteAsync(block);
                        where.Note(http, "write");
                        Look();
                    }
                });
            },
            kestrel: static server =>
            {
                server.Listen(IPAddress.Loopback, 0);
                server.Limits.MaxRequestBodySize = null;
            },
            quiet: true);
        long before = GC.GetTotalMemory(true);
        using var upload = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StreamContent(new Zeros(Size, !isChunked)) };
        upload.Headers.TransferEncodingChunked = isChunked;
        (await (await site.Client.SendAsync(upload)).Content.ReadAsStringAsync()).Should().Be(Size.ToString());
        await using var download = await site.Client.GetStreamAsync("/");
        byte[] part = new byte[64 * 1024];
        long received = 0;
        int got;
        while ((got = await download.ReadAsync(part)) > 0)
        {
            received += got;
        }

        received.Should().Be(Size);
        where.Wrong.Distinct().Should().BeEmpty();
        (peak - before).Should().BeLessThan(40L << 20);

        // What lives: how much garbage there is, on both sides, is the collector's affair.
        void Look() => peak = looks++ % 50 == 0 ? Math.Max(peak, GC.GetTotalMemory(true)) : peak;
    }

    [Fact]
    public async Task A_slow_reader_holds_up_its_own_handler_only()
    {
        long written = 0;
        await using var site = await Site.StartAsync(app =>
        {
            app.MapGet("/much", async (HttpContext http) =>
            {
                byte[] block = new byte[64 * 1024];
                for (int i = 0; i < 2000; i++)
                {
                    await http.Response.Body.WriteAsync(block, http.RequestAborted);
                    Interlocked.Add(ref written, block.Length);
                }
            });
            app.MapGet("/", static () => "quick");
        });
        using var slow = await site.ConnectAsync();
        slow.Socket.ReceiveBufferSize = 8 * 1024;
        await slow.SendAsync("GET /much HTTP/1.1\r\nHost: a\r\n\r\n");
        await slow.ReadThroughAsync("\r\n\r\n");
        for (int i = 0; i < 20; i++)
        {
            (await site.Client.GetStringAsync("/")).Should().Be("quick");
        }

        Interlocked.Read(ref written).Should().BeLessThan(20L << 20);
    }

    private static async IAsyncEnumerable<int> Items(HttpContext http, Where where)
    {
        for (int i = 0; i < 500; i++)
        {
            where.Note(http, $"item {i}");
            if (i % 5 == 0)
            {
                await Task.Yield();
            }

            if (i % 50 == 0)
            {
                await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            }

            yield return i;
        }

        where.Note(http, "end");
    }

    private static async IAsyncEnumerable<string> Events(HttpContext http, Where where)
    {
        for (int i = 0; i < 50; i++)
        {
            where.Note(http, $"event {i}");
            await (i % 2 == 0 ? Task.Delay(1) : Task.CompletedTask);
            yield return $"{i}";
        }

        where.Note(http, "end");
    }

    private sealed class Zeros(long size, bool knowsLength) : Stream
    {
        private long read;

        public override bool CanRead => true;

        public override bool CanSeek => knowsLength;

        public override bool CanWrite => false;

        public override long Length => size;

        public override long Position { get => read; set => read = value; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int part = (int)Math.Min(count, size - read);
            read += part;
            return part;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => Position = offset;

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <summary>How a client talks to a hub.</summary>
public enum HttpTransport
{
    /// <summary>One socket.</summary>
    WebSockets,

    /// <summary>Server-Sent Events, and a request for each message to the server.</summary>
    Events,

    /// <summary>A request for each message.</summary>
    LongPolling,
}

/// <summary>For tests.</summary>
[ApiController]
[Route("items")]
public sealed class ItemsController : ControllerBase
{
    internal static Where Where { get; set; } = new();

    /// <summary>Items to come.</summary>
    [HttpGet]
    public async IAsyncEnumerable<int> All([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        for (int i = 0; i < 500; i++)
        {
            Where.Note(HttpContext, $"item {i}");
            if (i % 7 == 0)
            {
                await Task.Delay(0, cancellation);
                await Task.Yield();
            }

            yield return i;
        }
    }

    /// <summary>One.</summary>
    [HttpGet("{id}")]
    public async Task<string> One(int id)
    {
        await Task.Yield();
        Where.Note(HttpContext, $"action {id}");
        return Loop.CurrentTask!.Name;
    }
}

/// <summary>For tests.</summary>
public sealed class EchoHub : Hub
{
    internal static List<string> Log { get; set; } = [];

    /// <inheritdoc/>
    public override async Task OnConnectedAsync()
    {
        await Task.Yield();
        Note("connected");
    }

    /// <summary>Says it again.</summary>
    public async Task<string> Echo(string text)
    {
        Note(Loop.CurrentTask!.Name);
        await Task.Delay(1);
        Note("delayed");
        return text;
    }

    /// <summary>Counts.</summary>
    public async IAsyncEnumerable<int> Count(int to)
    {
        for (int i = 0; i < to; i++)
        {
            await Task.Yield();
            Note($"item {i}");
            yield return i;
        }
    }

    /// <summary>Fails.</summary>
    public Task Fail(string why) => throw new HubException(why);

    private static void Note(string place) => Log.Add($"{place}: {(Loop.TryGetCurrent(out _) && Loop.CurrentTask is not null ? "loop" : "elsewhere")}");
}
