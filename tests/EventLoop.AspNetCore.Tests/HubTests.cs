using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>Hubs whose clients are lost in the middle of a call.</summary>
[Collection(typeof(Alone))]
public sealed class HubTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>How the client is lost, by which transport, which method, and whether it is the loop or Kestrel's sockets.</summary>
    public static TheoryData<string, HttpTransport, string, bool> All()
    {
        var all = new TheoryData<string, HttpTransport, string, bool>();
        foreach (string how in (string[])["cancels", "leaves", "vanishes", "is aborted"])
        {
            foreach (var transport in Enum.GetValues<HttpTransport>())
            {
                foreach (string method in (string[])["Tick", "Wait", "Channel"])
                {
                    all.Add(how, transport, method, true);
                }

                all.Add(how, transport, "Tick", false);
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_hub_method_that_loses_its_client_ends_on_the_loop_and_leaves_nothing_behind(
        string how, HttpTransport transport, string method, bool onLoop)
    {
        LostHub.Ends = Channel.CreateUnbounded<string>();
        await using var site = await Site.StartAsync(
            static app =>
            {
                app.MapHub<LostHub>("/hub");
                app.MapGet("/tasks", static () => Loop.TryGetCurrent(out var loop) ? loop.Statistics.TaskCount : 0);
            },
            onLoop: onLoop,
            build: static builder =>
            {
                builder.Services.AddSignalR();
                builder.Services.Configure<Microsoft.AspNetCore.Http.Connections.ConnectionOptions>(static options =>
                    options.DisconnectTimeout = TimeSpan.FromSeconds(1));
            });
        await site.Client.GetStringAsync("/tasks");
        int before = FeatureTests.Sockets();
        for (int round = 0; round < 2; round++)      // who has lost his connection comes back
        {
            var hub = await HubClient.ConnectAsync(site, transport);
            await hub.BeginStreamAsync("1", method);
            if (how == "cancels")
            {
                await hub.CancelAsync("1");
                (await EndAsync()).Should().Be(onLoop ? $"{method} on the loop" : method, "it is cancelled while its client is there");
                await hub.DisposeAsync();
            }
            else if (how == "leaves")
            {
                await hub.DisposeAsync();
            }
            else if (how == "vanishes")
            {
                hub.Vanish();
            }
            else
            {
                await hub.SendCallAsync("Kill");
                await hub.ReadToEndAsync();
            }

            string[] ends = how == "cancels" ? [await EndAsync()] : [await EndAsync(), await EndAsync()];
            ends.Should().BeEquivalentTo(((string[])[method, "disconnected"])[^ends.Length..].Select(end => onLoop ? $"{end} on the loop" : end));
        }

        await FeatureTests.UntilAsync(() => FeatureTests.Sockets() <= before);
        int.Parse(await site.Client.GetStringAsync("/tasks")).Should().BeLessThan(6);
        site.Log.At(LogLevel.Error).Should().BeEmpty();
    }

    [Fact]
    public async Task A_hub_method_that_a_loop_leaves_behind_fails_for_its_caller()
    {
        LostHub.Ends = Channel.CreateUnbounded<string>();
        int before = Environment.ExitCode;
        try
        {
            await using var site = await Site.StartAsync(
                static app =>
                {
                    app.MapHub<LostHub>("/hub");
                    app.MapGet("/exit", static void () => throw new LoopExitException(3));
                },
                static options => options.LoopOptions = new LoopOptions { ShutdownTimeout = TimeSpan.FromMilliseconds(100) },
                static builder => builder.Services.AddSignalR());
            await using var hub = await HubClient.ConnectAsync(site, HttpTransport.WebSockets);
            await hub.SendCallAsync("Stay");
            (await EndAsync()).Should().Be("begun on the loop");
            try
            {
                using var exit = await site.Client.GetAsync("/exit");
            }
            catch (HttpRequestException)
            {
                // Its connection ends with the loop.
            }

            hub.Vanish();
            await FeatureTests.UntilAsync(() => site.Log.At(LogLevel.Error).Any(static line =>
                line.Contains("'Stay'") && line.Contains(nameof(ObjectDisposedException))));
        }
        finally
        {
            Environment.ExitCode = before;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Filters_of_hubs_run_on_the_loop_whether_they_were_added_before_it_or_after(bool isBefore)
    {
        var noted = new List<string>();
        await using var site = await Site.StartAsync(static app => app.MapHub<FilteredHub>("/hub"), build: builder =>
        {
            if (!isBefore)
            {
                builder.UseEventLoop();
            }

            builder.Services.AddSignalR(options => options.AddFilter(new NotingFilter(noted)));      // Site adds the loop behind this
        });
        await using var hub = await HubClient.ConnectAsync(site, HttpTransport.WebSockets);
        (await hub.InvokeAsync("1", "Echo", "hi")).Should().Contain("\"result\":\"hi\"");
        noted.Should().Equal("connecting on the loop", "connected on the loop", "calling on the loop", "called on the loop");
    }

    private static Task<string> EndAsync() => LostHub.Ends.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>For tests.</summary>
    public sealed class LostHub : Hub
    {
        internal static Channel<string> Ends { get; set; } = System.Threading.Channels.Channel.CreateUnbounded<string>();

        /// <summary>Always on its way.</summary>
        public async IAsyncEnumerable<int> Tick([EnumeratorCancellation] CancellationToken cancellation)
        {
            try
            {
                for (int i = 0; ; i++)
                {
                    yield return i;
                    await Task.Delay(1, cancellation);
                }
            }
            finally
            {
                Note("Tick");
            }
        }

        /// <summary>Waits.</summary>
        public async IAsyncEnumerable<int> Wait([EnumeratorCancellation] CancellationToken cancellation)
        {
            try
            {
                yield return 0;
                await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(true);
            }
            finally
            {
                Note("Wait");
            }
        }

        /// <summary>As those write it who came before async sequences.</summary>
        public ChannelReader<int> Channel(CancellationToken cancellation)
        {
            var channel = System.Threading.Channels.Channel.CreateBounded<int>(1);
            _ = WriteAsync();
            return channel.Reader;

            async Task WriteAsync()
            {
                try
                {
                    for (int i = 0; ; i++)
                    {
                        await channel.Writer.WriteAsync(i, cancellation);
                        await Task.Delay(1, cancellation);
                    }
                }
                catch (OperationCanceledException end)
                {
                    channel.Writer.Complete(end);
                    Note("Channel");
                }
            }
        }

        /// <summary>Heeds no cancellation, and never ends.</summary>
        public async Task Stay()
        {
            Note("begun");
            await new CancelScope { Shield = true }.RunAsync(static async Coroutine () => await Loop.Current.CreateFuture());
        }

        /// <summary>Ends the connection of its caller.</summary>
        public async Task Kill()
        {
            await Task.Yield();
            Context.Abort();
        }

        /// <inheritdoc/>
        public override async Task OnDisconnectedAsync(Exception? exception)
        {
            await Task.Yield();
            Note("disconnected");
        }

        private static void Note(string what) => Ends.Writer.TryWrite(Loop.TryGetCurrent(out _) ? $"{what} on the loop" : what);
    }

    /// <summary>For tests.</summary>
    public sealed class FilteredHub : Hub
    {
        /// <summary>Says it again.</summary>
        public async Task<string> Echo(string text)
        {
            await Task.Yield();
            return text;
        }

        /// <inheritdoc/>
        public override async Task OnConnectedAsync() => await Task.Yield();
    }

    private sealed class NotingFilter(List<string> noted) : IHubFilter
    {
        public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
        {
            Note("calling");
            object? result = await next(invocationContext);
            Note("called");
            return result;
        }

        public async Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next)
        {
            Note("connecting");
            await next(context);
            Note("connected");
        }

        private void Note(string what) => noted.Add(Loop.TryGetCurrent(out _) && Loop.CurrentTask is not null ? $"{what} on the loop" : what);
    }
}
