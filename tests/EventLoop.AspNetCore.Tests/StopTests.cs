using System.Net;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>How an application starts and stops.</summary>
public sealed class StopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_stop_under_load_answers_every_request_that_was_begun()
    {
        int begun = 0, ended = 0;
        var site = await Site.StartAsync(app => app.MapGet("/", async () =>
        {
            begun++;
            await Task.Delay(5);
            ended++;
            return "whole";
        }), quiet: true);
        int answered = 0;
        var underLoad = new TaskCompletionSource();
        var clients = Enumerable.Range(0, 20).Select(async _ =>
        {
            try
            {
                while (true)
                {
                    (await site.Client.GetStringAsync("/")).Should().Be("whole");
                    if (Interlocked.Increment(ref answered) == 100)
                    {
                        underLoad.SetResult();
                    }
                }
            }
            catch (HttpRequestException)
            {
                // It takes no more.
            }
        }).ToArray();
        await underLoad.Task.WaitAsync(Patience);
        await site.App.StopAsync().WaitAsync(Patience);
        await Task.WhenAll(clients).WaitAsync(Patience);
        ended.Should().Be(begun).And.Be(answered);
        await site.DisposeAsync();
    }

    [Fact]
    public async Task A_handler_that_never_ends_is_cancelled_when_the_time_of_the_host_is_up()
    {
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        var site = await Site.StartAsync(
            app => app.MapGet("/", async () =>
            {
                try
                {
                    started.SetResult();
                    await Loop.Current.CreateFuture();
                }
                finally
                {
                    ended.SetResult();
                }
            }),
            build: static builder => builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200)));

        using var client = await site.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await started.Task.WaitAsync(Patience);
        await site.DisposeAsync();
        await ended.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_handler_that_blocks_the_thread_holds_up_no_stop_for_ever()
    {
        using var release = new ManualResetEventSlim();
        var started = new TaskCompletionSource();
        var site = await Site.StartAsync(
            app => app.MapGet("/", () =>
            {
                started.SetResult();
                release.Wait();
            }),
            options => options.LoopOptions = new LoopOptions { ShutdownTimeout = TimeSpan.FromMilliseconds(100) },
            static builder => builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200)));

        using var client = await site.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await started.Task.WaitAsync(Patience);
        try
        {
            await site.DisposeAsync();
        }
        catch (OperationCanceledException)
        {
            await site.App.DisposeAsync().AsTask().WaitAsync(Patience);
        }

        site.Log.At(LogLevel.Error).Should().Contain(static line => line.Contains("'web' does not end: a handler blocks it"));
        release.Set();
    }

    [Fact]
    public async Task A_port_that_is_taken_fails_the_start_and_says_which()
    {
        await using var first = await Site.StartAsync(static app => app.MapGet("/", static () => "first"));
        var start = () => Site.StartAsync(static app => app.MapGet("/", static () => "second"), kestrel: server => server.Listen(first.EndPoint));
        (await start.Should().ThrowAsync<IOException>()).Which.Message.Should().Contain(first.EndPoint.ToString()).And.Contain("address already in use");
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_handler_that_exits_the_loop_stops_the_application_with_its_code(bool handled, bool waits)
    {
        int before = Environment.ExitCode;
        try
        {
            await using var site = await Site.StartAsync(app =>
            {
                if (handled)
                {
                    app.UseExceptionHandler(static failed => failed.Run(static _ => Task.CompletedTask));
                }

                app.MapGet("/", async Task () =>
                {
                    if (waits)
                    {
                        await Task.Delay(5);
                    }

                    throw new LoopExitException(3);
                });
            });
            var stopping = new TaskCompletionSource();
            site.App.Lifetime.ApplicationStopping.Register(stopping.SetResult);
            using var client = await site.ConnectAsync();
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await stopping.Task.WaitAsync(Patience);
            Environment.ExitCode.Should().Be(3);
        }
        finally
        {
            Environment.ExitCode = before;
        }
    }

    [Fact]
    public async Task What_the_application_does_when_its_loop_ends_may_wait_for_what_is_left_there()
    {
        int before = Environment.ExitCode;
        try
        {
            var begun = new TaskCompletionSource();
            using var cleaned = new ManualResetEventSlim();
            var stopped = new TaskCompletionSource<(bool IsCleaned, bool IsSettled)>();
            await using var site = await Site.StartAsync(app =>
            {
                app.MapGet("/waits", async () =>
                {
                    try
                    {
                        begun.SetResult();
                        await Loop.Current.CreateFuture();
                    }
                    finally
                    {
                        cleaned.Set();
                    }
                });
                app.MapGet("/exit", static void () => throw new LoopExitException(3));
            });
            var loop = site.App.Services.GetRequiredService<ServerLoops>().All[0];
            site.App.Lifetime.ApplicationStopping.Register(() =>
            {
                bool isCleaned = cleaned.Wait(Patience / 3);
                bool isSettled = true;
                try
                {
                    isSettled = loop.Submit(static () => 1).Wait(Patience / 3);
                }
                catch (Exception)
                {
                    // It is refused, because the loop ends.
                }

                stopped.SetResult((isCleaned, isSettled));
            });

            using var waits = await site.ConnectAsync();
            await waits.SendAsync("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
            await begun.Task.WaitAsync(Patience);
            using var exits = await site.ConnectAsync();
            await exits.SendAsync("GET /exit HTTP/1.1\r\nHost: a\r\n\r\n");
            (await stopped.Task.WaitAsync(Patience)).Should().Be((true, true));
        }
        finally
        {
            Environment.ExitCode = before;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whoever_awaits_a_request_that_a_loop_leaves_behind_is_told(bool isHttp2)
    {
        int before = Environment.ExitCode;
        try
        {
            var begun = new TaskCompletionSource();
            var told = new TaskCompletionSource<Exception?>();
            await using var site = await Site.StartAsync(
                app =>
                {
                    app.MapGet("/stays", async () =>
                    {
                        begun.SetResult();
                        await new CancelScope { Shield = true }.RunAsync(static async Coroutine () => await Loop.Current.CreateFuture());
                    });
                    app.MapGet("/exit", static void () => throw new LoopExitException(3));
                },
                static options => options.LoopOptions = new LoopOptions { ShutdownTimeout = TimeSpan.FromMilliseconds(100) },
                builder =>
                {
                    builder.UseEventLoop();
                    builder.Services.Insert(0, ServiceDescriptor.Singleton<IStartupFilter>(new Observer("/stays", told)));
                },
                kestrel: server => server.Listen(IPAddress.Loopback, 0, address =>
                    address.Protocols = isHttp2 ? HttpProtocols.Http2 : HttpProtocols.Http1));
            var stays = GetAsync("/stays");
            await begun.Task.WaitAsync(Patience);
            var exits = GetAsync("/exit");
            (await told.Task.WaitAsync(Patience)).Should().BeOfType<ObjectDisposedException>().Which.Message.Should().Contain("'web'");
            foreach (var answer in (Task<HttpResponseMessage>[])[stays, exits])
            {
                try
                {
                    (await answer.WaitAsync(Patience)).Dispose();
                }
                catch (HttpRequestException)
                {
                    // Its connection ends with the loop.
                }
            }

            Task<HttpResponseMessage> GetAsync(string path) => site.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, path)
            {
                Version = isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            });
        }
        finally
        {
            Environment.ExitCode = before;
        }
    }

    /// <summary>Stands around everything, also around the loop's own filter, and tells what it awaits for one path throws.</summary>
    private sealed class Observer(string path, TaskCompletionSource<Exception?> told) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(inner => async http =>
            {
                if (http.Request.Path != path)
                {
                    await inner(http);
                    return;
                }

                try
                {
                    await inner(http).ConfigureAwait(false);
                    told.SetResult(null);
                }
                catch (Exception failure)
                {
                    told.SetResult(failure);
                    throw;
                }
            });
            next(app);
        };
    }

    [Fact]
    public async Task A_start_that_failed_halfway_leaves_no_loop_behind_and_can_be_repeated()
    {
        var clock = new RefusingClock { Refused = 2 };
        var builder = WebApplication.CreateBuilder();
        builder.UseEventLoop(options =>
        {
            options.Loops = 3;
            options.LoopOptions = new LoopOptions { Name = "again", TimeProvider = clock, ShutdownTimeout = TimeSpan.FromSeconds(1) };
        });
        await using var app = builder.Build();
        bool stops = false;
        app.Lifetime.ApplicationStopping.Register(() => stops = true);
        var loops = app.Services.GetRequiredService<ServerLoops>();
        loops.Invoking(static loops => loops.All).Should().Throw<InvalidOperationException>().WithMessage("*'again-2'*refused*");
        Loop.All.Should().NotContain(static loop => loop.Name.StartsWith("again-"));
        stops.Should().BeFalse();
        loops.All.Select(static loop => loop.Name).Should().Equal("again-1", "again-2", "again-3");
        loops.All.Should().OnlyContain(static loop => loop.IsRunning);
    }

    /// <summary>Cannot be used by one of the loops that ask for its frequency, which each does once.</summary>
    private sealed class RefusingClock : TimeProvider
    {
        internal int Refused { get; init; }

        private int asked;

        public override long TimestampFrequency => Interlocked.Increment(ref asked) == Refused ? throw new InvalidOperationException("refused")
            : base.TimestampFrequency;
    }

    [Fact]
    public void An_application_that_is_made_on_a_running_loop_is_served_there()
    {
        Loop.Run(async () =>
        {
            int thread = Environment.CurrentManagedThreadId;
            int count = 0;
            await using var site = await Site.StartAsync(app => app.MapGet("/", async () =>
            {
                await Task.Yield();
                count += Environment.CurrentManagedThreadId == thread ? 1 : 1000;
                return count;
            }));
            (await site.Client.GetStringAsync("/")).Should().Be("1");
            (await site.Client.GetStringAsync("/")).Should().Be("2");
        });
    }

    [Fact]
    public async Task The_end_of_the_loop_under_the_host_lets_the_host_stop()
    {
        Site? site = null;
        await Task.Factory.StartNew(() =>
            Loop.Run(async () => site = await Site.StartAsync(static app => app.MapGet("/", static () => "hi"))), TaskCreationOptions.LongRunning);
        await site!.DisposeAsync();
    }

    [Fact]
    public async Task More_loops_than_one_on_a_loop_that_is_given_are_refused()
    {
        await Task.Factory.StartNew(
            () => Loop.Run(async () =>
            {
                var start = () => Site.StartAsync(static _ => { }, static options => options.Loops = 2);
                (await start.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*Loops is 2*");
            }),
            TaskCreationOptions.LongRunning);
    }

    [Fact]
    public void Options_are_checked()
    {
        var options = new EventLoopServerOptions();
        var none = () => options.Loops = 0;
        none.Should().Throw<ArgumentOutOfRangeException>();
        var odd = () => options.Accept = (AcceptMode)7;
        odd.Should().Throw<ArgumentOutOfRangeException>();
    }
}
