using EventLoop.AspNetCore;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>ASP.NET Core's test server, which WebApplicationFactory uses: no connection, and the same handlers on the same loop.</summary>
public sealed class TestServerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_test_server_runs_handlers_on_the_loop()
    {
        var where = new Where();
        int count = 0;
        await using var app = Make(app =>
        {
            app.MapGet("/", async (HttpContext http) =>
            {
                int before = count;
                count = before + 1;
                where.Note(http, "start");
                await Task.Yield();
                where.Note(http, "yield");
                return Loop.CurrentTask!.Name;
            });
            app.MapPost("/echo", async (HttpContext http) =>
            {
                using var reader = new StreamReader(http.Request.Body);
                string said = await reader.ReadToEndAsync();
                where.Note(http, "read");
                await http.Response.WriteAsync(said);
                await http.Response.Body.FlushAsync();
                where.Note(http, "written");
            });
        });
        await app.StartAsync();
        using var client = app.GetTestClient();
        string[] names = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.GetStringAsync("/")));
        names.Should().AllBe("GET /");
        count.Should().Be(50);
        string text = new('x', 100_000);
        using var echo = await client.PostAsync("/echo", new StringContent(text));
        (await echo.Content.ReadAsStringAsync()).Should().Be(text);
        where.Wrong.Should().BeEmpty();
        await app.StopAsync().WaitAsync(Patience);
    }

    [Fact]
    public async Task A_client_of_a_test_server_that_gives_up_cancels_the_task_where_that_is_enabled()
    {
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource<string?>();
        await using var app = Make(
            app => app.MapGet("/", async () =>
            {
                started.SetResult();
                try
                {
                    await Loop.Current.CreateFuture();
                }
                catch (LoopCanceledException gone)
                {
                    ended.SetResult(gone.Reason);
                    throw;
                }
            }),
            static options => options.CancelAbandoned = true);
        await app.StartAsync();
        using var client = app.GetTestClient();
        using var stop = new CancellationTokenSource();
        var get = client.GetAsync("/", stop.Token);
        await started.Task.WaitAsync(Patience);
        await stop.CancelAsync();
        (await ended.Task.WaitAsync(Patience)).Should().Be("the client has gone");
        await get.ContinueWith(static _ => { });
        await app.StopAsync().WaitAsync(Patience);
    }

    private static WebApplication Make(Action<WebApplication> map, Action<EventLoopServerOptions>? options = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        builder.UseEventLoop(options);
        var app = builder.Build();
        map(app);
        return app;
    }
}
