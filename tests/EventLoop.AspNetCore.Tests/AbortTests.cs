using System.Net.Sockets;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>Clients that go away.</summary>
public sealed class AbortTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_goes_while_its_handler_waits_fires_RequestAborted_and_where_wanted_cancels_the_task(bool cancels)
    {
        var started = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        var ended = new TaskCompletionSource<string>();
        await using var site = await Site.StartAsync(
            app => app.UseExceptionHandler(static _ => { }).UseRouting().UseEndpoints(routes => routes.MapGet("/", async (HttpContext http) =>
            {
                http.RequestAborted.Register(() => aborted.TrySetResult());
                started.SetResult();
                try
                {
                    await (cancels ? Sleep() : aborted.Task);
                    ended.SetResult("by itself");
                }
                catch (LoopCanceledException cancellation)
                {
                    ended.SetResult(cancellation.Reason ?? "");
                    throw;
                }
            })),
            options => options.CancelAbandoned = cancels);

        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await started.Task.WaitAsync(Patience);
        }

        await aborted.Task.WaitAsync(Patience);
        (await ended.Task.WaitAsync(Patience)).Should().Be(cancels ? "the client has gone" : "by itself");
        site.Log.At(LogLevel.Error).Should().BeEmpty();

        static async Task Sleep() => await Loop.Sleep(TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task A_handler_that_waits_for_something_of_NET_ends_by_the_token_that_it_gave_away_and_its_request_not_before()
    {
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource<bool>();
        LoopTask? task = null;
        await using var site = await Site.StartAsync(
            app => app.MapGet("/", async (HttpContext http) =>
            {
                task = Loop.CurrentTask;
                started.SetResult();
                try
                {
                    await Task.Delay(TimeSpan.FromHours(1), Loop.CancellationToken);
                }
                catch (OperationCanceledException)
                {
                    await Task.Delay(50);
                    ended.SetResult(task!.IsCompleted);
                    throw;
                }
            }),
            static options => options.CancelAbandoned = true);

        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await started.Task.WaitAsync(Patience);
        }

        (await ended.Task.WaitAsync(Patience)).Should().BeFalse();
        site.Log.At(LogLevel.Error).Should().BeEmpty();
    }

    [Fact]
    public async Task A_client_that_resets_while_its_handler_waits_behind_a_body_that_was_read_is_noticed()
    {
        var read = new TaskCompletionSource();
        var ended = new TaskCompletionSource<string>();
        await using var site = await Site.StartAsync(
            app => app.MapPost("/", async (HttpContext http) =>
            {
                await http.Request.Body.CopyToAsync(Stream.Null);
                read.SetResult();
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
            static options => options.CancelAbandoned = true);

        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
            await client.SendAsync("0123456789");
            await read.Task.WaitAsync(Patience);
            client.Socket.LingerState = new LingerOption(true, 0);
        }

        (await ended.Task.WaitAsync(Patience)).Should().Be("the client has gone");
    }

    [Fact]
    public async Task A_client_that_goes_in_the_middle_of_its_body_fails_the_read()
    {
        var failed = new TaskCompletionSource<Exception?>();
        var reading = new TaskCompletionSource();
        await using var site = await Site.StartAsync(app => app.MapPost("/", async (HttpContext http) =>
        {
            byte[] buffer = new byte[100];
            await http.Request.Body.ReadExactlyAsync(buffer.AsMemory(0, 3));
            reading.SetResult();
            try
            {
                await http.Request.Body.ReadExactlyAsync(buffer);
                failed.SetResult(null);
            }
            catch (Exception failure)
            {
                failed.SetResult(failure);
                throw;
            }
        }));

        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
            await reading.Task.WaitAsync(Patience);
        }

        (await failed.Task.WaitAsync(Patience)).Should().BeAssignableTo<IOException>();
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task A_client_whose_body_is_not_waited_for_any_longer_gets_its_answer_and_is_noticed_when_it_goes(bool hasFired, bool onLoop)
    {
        var go = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        await using var site = await Site.StartAsync(
            app => app.MapPost("/", async (HttpContext http) =>
            {
                http.RequestAborted.Register(() => aborted.TrySetResult());
                using var limit = new CancellationTokenSource();
                if (hasFired)
                {
                    limit.Cancel();
                }
                else
                {
                    limit.CancelAfter(50);
                }

                try
                {
                    await http.Request.Body.ReadExactlyAsync(new byte[10], limit.Token);
                }
                catch (OperationCanceledException)
                {
                    http.Response.StatusCode = 408;
                    await http.Response.WriteAsync("<too late>");
                    await Task.WhenAny(go.Task, aborted.Task);
                    await http.Response.WriteAsync(aborted.Task.IsCompleted ? "<given up>" : "<still here>");
                    await aborted.Task.WaitAsync(Patience);
                }
            }),
            onLoop: onLoop);

        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
            (await client.ReadThroughAsync("<too late>")).Should().StartWith("HTTP/1.1 408");
            go.SetResult();
            await client.ReadThroughAsync("<still here>");
            aborted.Task.IsCompleted.Should().BeFalse();
        }

        await aborted.Task.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_whose_read_was_cancelled_by_its_token_is_still_open_to_its_handler(bool onLoop)
    {
        var ended = new TaskCompletionSource<string>();
        await using var site = await Site.StartAsync(
            static _ => { },
            onLoop: onLoop,
            kestrel: server => server.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Run(async connection =>
            {
                using var limit = new CancellationTokenSource(50);
                try
                {
                    await connection.Transport.Input.ReadAsync(limit.Token);
                    ended.SetResult("something came");
                }
                catch (OperationCanceledException cancellation)
                {
                    bool isIts = cancellation.CancellationToken == limit.Token;
                    await connection.Transport.Output.WriteAsync("<late>"u8.ToArray());
                    var next = await connection.Transport.Input.ReadAsync();
                    long count = next.Buffer.Length;
                    connection.Transport.Input.AdvanceTo(next.Buffer.End);
                    var flush = await connection.Transport.Output.WriteAsync("<later>"u8.ToArray());
                    ended.SetResult($"{isIts} {count} {flush.IsCompleted} {connection.ConnectionClosed.IsCancellationRequested}");
                }
            })));

        using var client = await site.ConnectAsync();
        await client.ReadThroughAsync("<late>");
        await client.SendAsync("abc");
        (await ended.Task.WaitAsync(Patience)).Should().Be("True 3 False False");
        await client.ReadThroughAsync("<later>");
    }

    [Fact]
    public async Task A_client_that_goes_while_it_is_written_to_ends_the_writer()
    {
        var ended = new TaskCompletionSource<bool>();
        await using var site = await Site.StartAsync(app => app.MapGet("/", async (HttpContext http) =>
        {
            byte[] block = new byte[64 * 1024];
            long start = Environment.TickCount64;
            while (!http.RequestAborted.IsCancellationRequested && Environment.TickCount64 - start < Patience.TotalMilliseconds)
            {
                await http.Response.Body.WriteAsync(block);
            }

            ended.SetResult(http.RequestAborted.IsCancellationRequested);
        }));

        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await client.ReadThroughAsync("\r\n\r\n");
        }

        (await ended.Task.WaitAsync(Patience + Patience)).Should().BeTrue();
    }

    [Fact]
    public async Task A_client_that_sends_more_while_its_request_waits_is_answered_in_order()
    {
        var begun = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var site = await Site.StartAsync(app =>
        {
            app.MapGet("/slow", async () =>
            {
                begun.SetResult();
                await go.Task;
                return "<slow>";
            });
            app.MapGet("/fast", static () => "<fast>");
        });

        using var client = await site.ConnectAsync();
        await client.SendAsync("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        await begun.Task.WaitAsync(Patience);
        await client.SendAsync("GET /fast HTTP/1.1\r\nHost: a\r\n\r\n");
        go.SetResult();
        (await client.ReadThroughAsync("<fast>")).Should().Contain("<slow>");
    }

    [Fact]
    public async Task A_thousand_clients_that_vanish_leave_nothing_behind()
    {
        const int Clients = 1000;
        const int Waiting = Clients / 2;      // whose request is whole; the others' ends in its head or in its body
        int begun = 0, running = 0;
        var all = new TaskCompletionSource();
        var none = new TaskCompletionSource();
        await using var site = await Site.StartAsync(
            app =>
            {
                app.MapGet("/", async () =>
                {
                    running++;
                    if (++begun == Waiting)
                    {
                        all.SetResult();
                    }

                    try
                    {
                        await Loop.Current.CreateFuture();
                    }
                    finally
                    {
                        if (--running == 0)
                        {
                            none.TrySetResult();
                        }
                    }
                });
                app.MapGet("/loop", static () => Loop.Current.Statistics.TaskCount);
            },
            static options => options.CancelAbandoned = true,
            quiet: true);

        var clients = new List<RawClient>();
        for (int i = 0; i < Clients; i++)
        {
            var client = await site.ConnectAsync();
            await client.SendAsync(i % 4 == 0 ? "GET / HT" : i % 4 == 1 ? "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123"
                : "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            clients.Add(client);
        }

        await all.Task.WaitAsync(TimeSpan.FromMinutes(1));
        foreach (var client in clients)
        {
            client.Dispose();
        }

        await none.Task.WaitAsync(TimeSpan.FromMinutes(1));
        running.Should().Be(0);
        begun.Should().Be(Waiting);
        int.Parse(await site.Client.GetStringAsync("/loop")).Should().BeLessThan(20);
    }

    [Fact]
    public async Task A_callback_of_ConnectionClosed_that_throws_is_logged_and_ends_nothing()
    {
        var called = new TaskCompletionSource();
        await using var site = await Site.StartAsync(app => app.MapGet("/", (HttpContext http) =>
        {
            var closed = http.Features.Get<IConnectionLifetimeFeature>()!.ConnectionClosed;
            closed.Register(() => called.SetResult());      // the callbacks run in the reverse order: this one after the failure
            closed.Register(static () => throw new InvalidTimeZoneException("thrown by the application"));
            return "ok";
        }));

        using (var client = await site.ConnectAsync())
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await client.ReadThroughAsync("ok");
        }

        await called.Task.WaitAsync(Patience);
        long start = Environment.TickCount64;
        while (!site.Log.At(LogLevel.Error).Any() && Environment.TickCount64 - start < Patience.TotalMilliseconds)
        {
            await Task.Delay(10);
        }

        site.Log.At(LogLevel.Error).Should().ContainSingle().Which.Should().Contain("thrown by the application");
        (await site.Client.GetStringAsync("/")).Should().Be("ok");
    }

    [Fact]
    public async Task HttpContext_Abort_resets_the_connection()
    {
        await using var site = await Site.StartAsync(app => app.MapGet("/", static async (HttpContext http) =>
        {
            await Task.Yield();
            http.Abort();
        }));

        using var client = await site.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        (await client.ReadToEndAsync()).Should().BeOneOf("", "[reset]");
    }
}
