using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EventLoop.AspNetCore.Tests;

/// <summary>An application on a free port of this machine, its log, and raw clients. Stopped in bounded time.</summary>
internal sealed class Site : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private Site(WebApplication app, SiteLog log)
    {
        App = app;
        Log = log;
    }

    internal WebApplication App { get; }

    internal SiteLog Log { get; }

    internal string Address => App.Urls.First();

    internal IPEndPoint EndPoint => new(IPAddress.Loopback, new Uri(Address).Port);

    private HttpClient? client;

    internal HttpClient Client =>
        client ??= new HttpClient(new SocketsHttpHandler { UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } })
    {
        BaseAddress = new Uri(Address),
        Timeout = Patience,
    };

    /// <param name="map">Its endpoints and middleware.</param>
    /// <param name="options">Null: the defaults. </param>
    /// <param name="build">Services and server.</param>
    /// <param name="onLoop">False: Kestrel's own sockets, to compare with.</param>
    /// <param name="kestrel">Null: one address without TLS.</param>
    /// <param name="quiet">Warnings are logged, and nothing else.</param>
    internal static async Task<Site> StartAsync(
        Action<WebApplication> map, Action<EventLoopServerOptions>? options = null, Action<WebApplicationBuilder>? build = null, bool onLoop = true,
            Action<KestrelServerOptions>? kestrel = null,
        bool quiet = false)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = AppContext.BaseDirectory });
        var log = new SiteLog();
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(quiet ? LogLevel.Warning : LogLevel.Debug);
        builder.WebHost.ConfigureKestrel(kestrel ?? (static server => server.Listen(IPAddress.Loopback, 0)));
        builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        build?.Invoke(builder);
        if (onLoop)
        {
            builder.UseEventLoop(options);
        }

        var app = builder.Build();
        map(app);
        await app.StartAsync().WaitAsync(Patience);
        return new Site(app, log);
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        await App.StopAsync().WaitAsync(Patience);
        await App.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    internal async Task<RawClient> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(EndPoint).WaitAsync(Patience);
        return new RawClient(socket);
    }
}

/// <summary>A client that says exactly what it is told.</summary>
internal sealed class RawClient(Socket socket) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly StringBuilder received = new();

    internal Socket Socket => socket;

    public void Dispose() => socket.Dispose();

    internal async Task SendAsync(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        int sent = 0;
        while (sent < bytes.Length)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent)).AsTask().WaitAsync(Patience);
        }
    }

    /// <summary>Up to and with <paramref name="mark"/>; what comes behind it is kept.</summary>
    internal async Task<string> ReadThroughAsync(string mark)
    {
        while (true)
        {
            string text = received.ToString();
            int at = text.IndexOf(mark, StringComparison.Ordinal);
            if (at >= 0)
            {
                received.Remove(0, at + mark.Length);
                return text[..(at + mark.Length)];
            }

            if (!await FillAsync())
            {
                throw new EndOfStreamException($"The end came before '{mark}': {text}");
            }
        }
    }

    /// <summary>All of it; what a reset cuts off is marked.</summary>
    internal async Task<string> ReadToEndAsync()
    {
        try
        {
            while (await FillAsync())
            {
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset)
        {
            received.Append("[reset]");
        }

        return received.ToString();
    }

    private async Task<bool> FillAsync()
    {
        byte[] buffer = new byte[16 * 1024];
        int count = await socket.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Patience);
        received.Append(Encoding.Latin1.GetString(buffer, 0, count));
        return count > 0;
    }
}

/// <summary>What was logged.</summary>
internal sealed class SiteLog : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Category, string Text)> lines = new();

    internal IEnumerable<string> At(LogLevel least) =>
        lines.Where(line => line.Level >= least).Select(static line => $"{line.Level} {line.Category}: {line.Text}");

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(SiteLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.lines.Enqueue((logLevel, category, formatter(state, exception) + (exception is null ? "" : " " + exception)));
    }
}
