using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using EventLoop.AspNetCore;

namespace EventLoop.AspNetCore.Tests;

/// <summary>Requests by HTTP/1.1.</summary>
public sealed class RequestTests
{
    private sealed record Item(int Id, string Name);

    [Fact]
    public async Task A_handler_runs_on_the_loop_in_a_task_of_its_own_wherever_it_awaits()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(app => app.MapGet("/", async (HttpContext http) =>
        {
            where.Note(http, "start");
            await Task.Yield();
            where.Note(http, "yield");
            await Task.Delay(1);
            where.Note(http, "delay");
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            where.Note(http, "sleep");
            await Task.Run(static () => Thread.Sleep(1));
            where.Note(http, "run");
            await Library();
            where.Note(http, "library");
            return "done";
        }));

        for (int i = 0; i < 5; i++)
        {
            (await site.Client.GetStringAsync("/")).Should().Be("done");
        }

        where.Wrong.Should().BeEmpty();
        where.Count.Should().Be(30);

        static async Task Library()
        {
            await Task.Delay(1).ConfigureAwait(false);
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_request_is_a_task_named_for_its_method_and_route()
    {
        LoopTask? seen = null;
        await using var site = await Site.StartAsync(app => app.MapGet("/items/{id}", async (int id) =>
        {
            seen = Loop.CurrentTask;
            string name = seen!.Name;
            await Loop.Sleep(TimeSpan.FromMilliseconds(1));
            return name;
        }));

        (await site.Client.GetStringAsync("/items/7")).Should().Be("GET /items/{id}");
        seen!.Name.Should().Be("GET /items/{id}");
    }

    [Fact]
    public async Task A_field_counts_without_a_lock()
    {
        int count = 0;
        await using var site = await Site.StartAsync(app => app.MapGet("/", async () =>
        {
            int before = count;
            count = before + 1;
            await Task.Yield();
            return count;
        }));

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            for (int i = 0; i < 50; i++)
            {
                await site.Client.GetStringAsync("/");
            }
        }));
        count.Should().Be(1000);
    }

    [Fact]
    public async Task Json_goes_in_and_out()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(app => app.MapPost("/", (HttpContext http, Item item) =>
        {
            where.Note(http, "handler");
            return item with { Id = item.Id + 1 };
        }));

        var answer = await site.Client.PostAsJsonAsync("/", new Item(1, new string('x', 200_000)));
        (await answer.Content.ReadFromJsonAsync<Item>())!.Id.Should().Be(2);
        where.Wrong.Should().BeEmpty();
    }

    [Fact]
    public async Task A_connection_is_kept_alive_and_a_pipeline_is_answered_in_order()
    {
        await using var site = await Site.StartAsync(app => app.MapGet("/{n}", static async (int n) =>
        {
            if (n % 3 == 0)
            {
                await Task.Yield();
            }

            return $"<{n}>";
        }));

        using var client = await site.ConnectAsync();
        await client.SendAsync(string.Concat(Enumerable.Range(0, 200).Select(static n => $"GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")));
        for (int n = 0; n < 200; n++)
        {
            (await client.ReadThroughAsync(">")).Should().EndWith($"<{n}>");
        }
    }

    [Fact]
    public async Task Bodies_are_chunked_both_ways_with_trailers_on_the_way_in()
    {
        var where = new Where();
        await using var site = await Site.StartAsync(app => app.MapPost("/", async (HttpContext http) =>
        {
            using var reader = new StreamReader(http.Request.Body);
            string text = await reader.ReadToEndAsync();
            where.Note(http, "read");
            string trailer = http.Request.GetTrailer("Sum").ToString();
            await http.Response.WriteAsync(text + trailer);
            where.Note(http, "written");
        }));

        using var client = await site.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n3\r\nabc\r\n");
        await client.SendAsync("2\r\nde\r\n0\r\nSum: 5\r\n\r\n");
        string head = await client.ReadThroughAsync("\r\n\r\n");
        head.Should().Contain("Transfer-Encoding: chunked");
        (await client.ReadThroughAsync("0\r\n\r\n")).Should().Be("6\r\nabcde5\r\n0\r\n\r\n");
        where.Wrong.Should().BeEmpty();
    }

    [Fact]
    public async Task Expect_100_continue_is_answered_when_the_body_is_read()
    {
        await using var site = await Site.StartAsync(app => app.MapPost("/", static async (HttpContext http) =>
        {
            using var reader = new StreamReader(http.Request.Body);
            return await reader.ReadToEndAsync();
        }));

        using var client = await site.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        (await client.ReadThroughAsync("\r\n\r\n")).Should().Be("HTTP/1.1 100 Continue\r\n\r\n");
        await client.SendAsync("hello");
        (await client.ReadThroughAsync("hello")).Should().StartWith("HTTP/1.1 200 OK\r\n");
    }

    [Fact]
    public async Task Head_and_ranges_are_answered_as_always()
    {
        string folder = Directory.CreateTempSubdirectory("eventloop-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "a.txt"), "0123456789");
        await using var site = await Site.StartAsync(app =>
            app.UseStaticFiles(new StaticFileOptions { FileProvider = new Microsoft.Extensions.FileProviders.PhysicalFileProvider(folder) }));

        using var head = await site.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/a.txt"));
        head.Content.Headers.ContentLength.Should().Be(10);
        using var part = new HttpRequestMessage(HttpMethod.Get, "/a.txt");
        part.Headers.Range = new(2, 4);
        using var answer = await site.Client.SendAsync(part);
        answer.StatusCode.Should().Be(HttpStatusCode.PartialContent);
        (await answer.Content.ReadAsStringAsync()).Should().Be("234");
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_exception_is_answered_by_500_and_logged_and_the_connection_lives_on()
    {
        await using var site = await Site.StartAsync(app =>
        {
            app.MapGet("/now", string () => throw new InvalidOperationException("at once"));
            app.MapGet("/later", async Task<string> () =>
            {
                await Task.Yield();
                throw new InvalidOperationException("later");
            });
            app.MapGet("/", static () => "fine");
        });

        using var client = await site.ConnectAsync();
        foreach (string path in (string[])["/now", "/later"])
        {
            await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
            (await client.ReadThroughAsync("\r\n\r\n")).Should().StartWith("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n");
        }

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        (await client.ReadThroughAsync("fine")).Should().StartWith("HTTP/1.1 200 OK");
        site.Log.At(Microsoft.Extensions.Logging.LogLevel.Error).Should().Contain(static line =>
            line.Contains("at once")).And.Contain(static line => line.Contains("later"));
    }
}
