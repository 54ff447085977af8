using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>Synchronous calls on the loop's thread: they would wait for what only this thread can receive or send.</summary>
public sealed class SynchronousCallTests
{
    private const string FormHead = "POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\n";
    private static TaskCompletionSource release = new();
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("/read", true)]
    [InlineData("/read", false)]
    [InlineData("/result", true)]
    public async Task A_synchronous_read_of_a_body_that_has_not_arrived_is_refused_and_the_next_request_is_served(string path, bool stays)
    {
        await using var site = await StartAsync(stays: stays);
        using var client = await site.ConnectAsync();
        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
        (await client.ReadThroughAsync("\r\n\r\n")).Should().StartWith("HTTP/1.1 500");
        (await site.Client.GetStringAsync("/")).Should().Be("fine");
        await FeatureTests.UntilAsync(() => site.Log.At(LogLevel.Error).Any(static line => line.Contains("Loop.ToThread")));      // it says what to do
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Request_Form_is_refused_where_it_would_block_and_works_behind_ReadFormAsync(bool stays, bool allows)
    {
        await using var site = await StartAsync(allows, stays);
        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync(FormHead + "a=1");
            (await client.ReadThroughAsync("\r\n\r\n")).Should().StartWith("HTTP/1.1 500");
        }

        await FeatureTests.UntilAsync(() => site.Log.At(LogLevel.Error).Any(static line => line.Contains("ReadFormAsync")));      // it says what to do
        using var other = await site.ConnectAsync();
        await other.SendAsync(FormHead.Replace("/form", "/form-async") + "a=1");
        await other.SendAsync("234");
        (await other.ReadThroughAsync("1234")).Should().StartWith("HTTP/1.1 200");
        using var upload = new MultipartFormDataContent { { new ByteArrayContent(new byte[3_000_000]), "file", "a.bin" } };
        using var answer = await site.Client.PostAsync("/upload", upload);
        (await answer.Content.ReadAsStringAsync()).Should().Be("a.bin 3000000");
    }

    [Theory]
    [InlineData("/limited", true)]
    [InlineData("/limited", false)]
    [InlineData("/of-middleware", true)]
    [InlineData("/of-middleware", false)]
    public async Task Request_Form_is_refused_where_limits_for_the_form_have_been_set_and_they_are_kept(string path, bool stays)
    {
        await using var site = await StartAsync(allows: false, stays);
        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync(FormHead.Replace("/form", path) + "a=1");
            (await client.ReadThroughAsync("\r\n\r\n")).Should().StartWith("HTTP/1.1 500");
        }

        (await site.Client.GetStringAsync("/")).Should().Be("fine");
        await FeatureTests.UntilAsync(() => site.Log.At(LogLevel.Error).Any(static line => line.Contains("ReadFormAsync")));      // it says what to do
        using var other = await site.ConnectAsync();
        await other.SendAsync(FormHead.Replace("/form", path + "-async") + "a=1");
        await other.SendAsync("234");
        (await other.ReadThroughAsync("1234")).Should().StartWith("HTTP/1.1 200");
        using var many = await site.ConnectAsync();
        await many.SendAsync(FormHead.Replace("/form", path + "-async").Replace("h: 6", "h: 11") + "a=1&b=2&c=3");
        (await many.ReadThroughAsync("\r\n\r\n")).Should().NotStartWith("HTTP/1.1 200");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reads_and_writes_in_the_old_style_are_asynchronous(bool stays)
    {
        await using var site = await StartAsync(allows: false, stays);
        using var client = await site.ConnectAsync();
        await client.SendAsync("POST /old HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
        (await site.Client.GetStringAsync("/")).Should().Be("fine");
        await client.SendAsync("def");
        (await client.ReadThroughAsync("abcdef")).Should().StartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task A_form_that_has_arrived_is_there_at_once()
    {
        await using var site = await StartAsync();
        using var client = await site.ConnectAsync();
        await client.SendAsync(FormHead.Replace("/form", "/form-later") + "a=1234");
        (await client.ReadThroughAsync("1234")).Should().StartWith("HTTP/1.1 200");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_synchronous_write_that_a_client_does_not_take_is_refused_and_the_next_request_is_served(bool stays)
    {
        await using var site = await StartAsync(stays: stays);
        using (var small = await site.ConnectAsync())
        {
            await small.SendAsync("GET /write/1 HTTP/1.1\r\nHost: a\r\n\r\n");
            (await small.ReadThroughAsync("end")).Should().StartWith("HTTP/1.1 200");
        }

        using var client = await site.ConnectAsync();
        await client.SendAsync("GET /write/1000 HTTP/1.1\r\nHost: a\r\n\r\n");
        (await site.Client.GetStringAsync("/")).Should().Be("fine", "nobody has read anything of the other answer");
        await FeatureTests.UntilAsync(() => site.Log.At(LogLevel.Error).Any(static line => line.Contains("WriteAsync")));      // it says what to do
    }

    [Fact]
    public async Task On_another_thread_a_synchronous_read_waits_for_the_body()
    {
        await using var site = await StartAsync();
        using var client = await site.ConnectAsync();
        await client.SendAsync("POST /thread HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
        await client.SendAsync("def");
        (await client.ReadThroughAsync("abcdef")).Should().StartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task Where_the_server_does_not_allow_them_they_are_refused_as_always()
    {
        await using var site = await StartAsync(allows: false);
        using var client = await site.ConnectAsync();
        await client.SendAsync("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        (await client.ReadThroughAsync("\r\n\r\n")).Should().StartWith("HTTP/1.1 500");
        await FeatureTests.UntilAsync(() => site.Log.At(LogLevel.Error).Any(static line => line.Contains("Synchronous operations are disallowed")));
    }

    [Theory]
    [InlineData("/json", true)]
    [InlineData("/json", false)]
    [InlineData("/text", true)]
    [InlineData("/text", false)]
    public async Task A_blocking_wait_behind_further_layers_is_refused_where_the_policy_says_so(string path, bool stays)
    {
        await using var site = await StartAsync(stays: stays, loop: new LoopOptions { BlockingCalls = BlockingCallPolicy.Throw });
        using var client = await site.ConnectAsync();
        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n123");
        (await client.ReadThroughAsync("\r\n\r\n")).Should().StartWith("HTTP/1.1 500");
        (await site.Client.GetStringAsync("/")).Should().Be("fine");
        await FeatureTests.UntilAsync(() => site.Log.At(LogLevel.Error).Any(line =>
            line.Contains($"POST {path}' would block the thread") && line.Contains("Loop.ToThread")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_blocking_wait_behind_further_layers_is_named_at_once_in_debug_mode(bool stays)
    {
        release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var site = await StartAsync(stays: stays, loop: new LoopOptions { Debug = true });
        using var client = await site.ConnectAsync();
        await client.SendAsync("POST /until HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n123");
        try
        {
            await FeatureTests.UntilAsync(() => site.Log.At(LogLevel.Warning).Any(static line =>
                line.Contains("POST /until' blocks the thread") && line.Contains("Await instead") && line.Contains(nameof(SynchronousCallTests))));
        }
        finally
        {
            release.SetResult();
        }

        (await site.Client.GetStringAsync("/")).Should().Be("fine");
    }

    private static Task<Site> StartAsync(bool allows = true, bool stays = true, LoopOptions? loop = null) => Site.StartAsync(
        Map,
        options =>
        {
            options.BodiesStay = stays;
            options.LoopOptions = loop;
        },
        kestrel: server =>
        {
            server.Listen(System.Net.IPAddress.Loopback, 0);
            server.AllowSynchronousIO = allows;
            server.Limits.MinResponseDataRate = null;
        },
        build: static builder => builder.Services.AddControllers().AddApplicationPart(typeof(FormsController).Assembly));

    private static void Map(WebApplication app)
    {
        app.Use(static (http, next) =>
        {
            if (http.Request.Path.Value!.StartsWith("/of-middleware", StringComparison.Ordinal))
            {
                http.Features.Set<IFormFeature>(new FormFeature(http.Request, new FormOptions { ValueCountLimit = 2 }));
            }

            return next(http);
        });
        app.UseRouting();
        app.MapControllers();
        app.MapPost("/of-middleware", static (HttpContext http) => http.Request.Form["a"].ToString());
        app.MapPost("/of-middleware-async", static async (HttpContext http) =>
        {
            var form = await http.Request.ReadFormAsync();
            return form["a"].ToString();
        });
        app.MapPost("/old", static async (HttpContext http) =>
        {
            byte[] block = new byte[3];
            http.Response.ContentLength = 6;
            for (int left = 6; left > 0;)
            {
                var body = http.Request.Body;
                int count = await Task<int>.Factory.FromAsync(body.BeginRead, body.EndRead, block, 0, block.Length, null);
                left -= count;
                var answer = http.Response.Body;
                await Task.Factory.FromAsync(answer.BeginWrite, answer.EndWrite, block, 0, count, null);
            }
        });
        app.MapGet("/", static () => "fine");
        app.MapPost("/read", static (HttpContext http) =>
        {
            using var reader = new StreamReader(http.Request.Body);
            return reader.ReadToEnd();
        });
        app.MapPost("/result", static async (HttpContext http) =>
        {
            await http.Request.Body.ReadExactlyAsync(new byte[3]);
            return http.Request.Body.ReadAsync(new byte[3]).Result.ToString();
        });
        app.MapPost("/json", static (HttpContext http) => http.Request.ReadFromJsonAsync<int>().AsTask().Result);
        app.MapPost("/until", static (HttpContext http) => Task.WhenAny(http.Request.ReadFromJsonAsync<int>().AsTask(), release.Task).Wait());
        app.MapPost("/text", static (HttpContext http) => new StreamReader(http.Request.Body).ReadToEndAsync().Result);
        app.MapPost("/thread", static async (HttpContext http) =>
        {
            string said = await Loop.ToThread(() =>
            {
                using var reader = new StreamReader(http.Request.Body);
                return reader.ReadToEnd();
            });
            return said;
        });
        app.MapPost("/form", static (HttpContext http) => http.Request.Form["a"].ToString());
        app.MapPost("/form-later", static async (HttpContext http) =>
        {
            await http.Request.ReadFormAsync();
            return http.Request.Form["a"].ToString();
        });
        app.MapPost("/form-async", static async (HttpContext http) =>
        {
            var form = await http.Request.ReadFormAsync();
            return form["a"].ToString();
        });
        app.MapPost("/upload", static (IFormFile file) => $"{file.FileName} {file.Length}").DisableAntiforgery();
        app.MapGet("/write/{blocks}", static (HttpContext http, int blocks) =>
        {
            for (int i = 0; i < blocks; i++)
            {
                http.Response.Body.Write(new byte[10_000]);
            }

            http.Response.Body.Write("end"u8);
            http.Response.Body.Flush();
        });
    }
}

/// <summary>Actions with limits for their forms.</summary>
public sealed class FormsController : ControllerBase
{
    [HttpPost("/limited")]
    [RequestFormLimits(ValueCountLimit = 2)]
    public string Limited() => Request.Form["a"].ToString();

    [HttpPost("/limited-async")]
    [RequestFormLimits(ValueCountLimit = 2)]
    public async Task<string> LimitedAsync() => (await Request.ReadFormAsync())["a"].ToString();
}
