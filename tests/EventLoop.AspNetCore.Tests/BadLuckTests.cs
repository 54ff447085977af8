using System.Text;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>What handlers ought not to do, and what happens to them at the worst moment: it stays their own, and the next client is served.</summary>
public sealed class BadLuckTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("Content-Length: 100\r\n\r\nabc")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")]
    public async Task A_stop_while_a_body_is_read_ends_in_the_hosts_time_and_ends_the_read(string body)
    {
        var reading = new TaskCompletionSource();
        var ended = new TaskCompletionSource<Exception?>();
        var site = await Site.StartAsync(
            app => app.MapPost("/", async (HttpContext http) =>
            {
                byte[] buffer = new byte[100];
                await http.Request.Body.ReadExactlyAsync(buffer.AsMemory(0, 3));
                var more = http.Request.Body.ReadExactlyAsync(buffer);
                reading.SetResult();
                try
                {
                    await more;
                    ended.SetResult(null);
                }
                catch (Exception failure)
                {
                    ended.SetResult(failure);
                    throw;
                }
            }),
            build: static builder => builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200)));

        using var client = await site.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\n" + body);
        await reading.Task.WaitAsync(Patience);
        await site.DisposeAsync();
        (await ended.Task.WaitAsync(Patience)).Should().NotBeNull();
        await client.ReadToEndAsync();
    }

    [Fact]
    public async Task A_stop_lets_a_body_that_still_comes_be_read_to_its_end()
    {
        var reading = new TaskCompletionSource();
        var site = await Site.StartAsync(
            app => app.MapPost("/", async (HttpContext http) =>
            {
                byte[] buffer = new byte[6];
                await http.Request.Body.ReadExactlyAsync(buffer.AsMemory(0, 3));
                reading.SetResult();
                await http.Request.Body.ReadExactlyAsync(buffer.AsMemory(3));
                return Encoding.ASCII.GetString(buffer);
            }),
            build: static builder => builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = Patience));

        using var client = await site.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
        await reading.Task.WaitAsync(Patience);
        var stop = site.App.StopAsync();
        await client.SendAsync("def");
        (await client.ReadToEndAsync()).Should().Contain("abcdef");
        await stop.WaitAsync(Patience);
        await site.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_handler_writes_after_its_end_is_refused_as_on_sockets_and_the_next_request_is_well(bool onLoop)
    {
        var go = new TaskCompletionSource();
        var late = new TaskCompletionSource<Exception?>();
        await using var site = await Site.StartAsync(
            app =>
            {
                app.MapGet("/careless", (HttpContext http) =>
                {
                    http.Response.OnCompleted(() =>
                    {
                        go.SetResult();
                        return late.Task;
                    });
                    _ = WriteLaterAsync(http.Response.Body);
                    return "first";
                });
                app.MapGet("/next", static () => "second");

                async Task WriteLaterAsync(Stream body)
                {
                    await go.Task;
                    try
                    {
                        await body.WriteAsync("LATE"u8.ToArray());
                        await body.FlushAsync();
                        late.SetResult(null);
                    }
                    catch (Exception failure)
                    {
                        late.SetResult(failure);
                    }
                }
            },
            onLoop: onLoop);

        using var client = await site.ConnectAsync();
        await client.SendAsync("GET /careless HTTP/1.1\r\nHost: a\r\n\r\n");
        (await late.Task.WaitAsync(Patience)).Should().BeOfType<ObjectDisposedException>();
        await client.SendAsync("GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        (await client.ReadToEndAsync()).Should().Contain("first").And.Contain("second").And.NotContain("LATE");
    }

    [Theory]
    [InlineData("abort")]
    [InlineData("close")]
    [InlineData("dispose")]
    public async Task A_handler_that_ends_its_own_connection_harms_nobody_else(string how)
    {
        var ended = new TaskCompletionSource();
        await using var site = await Site.StartAsync(app =>
        {
            app.MapGet("/end", async (HttpContext http) =>
            {
                try
                {
                    await Loop.Yield();
                    await EndAsync(http, how);
                    await Loop.Yield();
                    await http.Response.WriteAsync("to nobody");
                }
                finally
                {
                    ended.SetResult();
                }
            });
            app.MapGet("/", static () => "still here");
        });

        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync("GET /end HTTP/1.1\r\nHost: a\r\n\r\n");
            await ended.Task.WaitAsync(Patience);
            await client.ReadToEndAsync();
        }

        (await site.Client.GetStringAsync("/")).Should().Be("still here");
        site.Log.At(LogLevel.Critical).Should().BeEmpty();
    }

    [Fact]
    public async Task A_health_check_names_the_request_that_blocks_the_loop()
    {
        using var release = new ManualResetEventSlim();
        var blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var site = await Site.StartAsync(
            app => app.MapGet("/items/{id}", (int id) =>
            {
                blocked.SetResult();
                release.Wait();
                return id;
            }),
            build: static builder => builder.Services.AddEventLoop(static options => options.HeartbeatLimit = TimeSpan.FromMilliseconds(100))
                .AddHealthChecks().AddEventLoop());

        var answer = site.Client.GetStringAsync("/items/7");
        await blocked.Task.WaitAsync(Patience);
        var checks = site.App.Services.GetRequiredService<HealthCheckService>();
        var report = (await checks.CheckHealthAsync().WaitAsync(Patience)).Entries["loop"];
        release.Set();
        report.Status.Should().Be(HealthStatus.Unhealthy);
        report.Description.Should().Contain("task 'GET /items/{id}'");
        (await answer).Should().Be("7");
    }

    private static async Task EndAsync(HttpContext http, string how)
    {
        switch (how)
        {
            case "abort":
                http.Abort();
                break;
            case "close":
                http.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().RequestClose();
                http.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
                break;
            default:
                await ((IAsyncDisposable)http.Features.GetRequiredFeature<IEventLoopFeature>()).DisposeAsync();
                break;
        }
    }
}
