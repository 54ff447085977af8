using System.Net;
using EventLoop.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace EventLoop.Benchmarks.Web;

/// <summary>An application of ASP.NET Core, on the loop or on Kestrel's own sockets.</summary>
internal static class SiteServer
{
    private static readonly byte[] Large = new byte[10_000_000];

    internal static async Task<int> RunAsync(string kind, int port, string folder)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.Limits.MaxRequestBodySize = null;
            server.Listen(IPAddress.Loopback, port);
            server.Listen(IPAddress.Loopback, port + 1, static listen => listen.Protocols = HttpProtocols.Http2);
        });
        switch (kind)
        {
            case "loop":
                builder.UseEventLoop();
                break;
            case "inline":
                builder.WebHost.UseSockets(static sockets => sockets.UnsafePreferInlineScheduling = true);
                break;
        }

        await using var app = builder.Build();
        app.MapGet("/plaintext", static () => "Hello, World!");
        app.MapGet("/json", static () => new Message("Hello, World!"));
        app.MapGet("/yield", static async () =>
        {
            await Task.Yield();
            return "Hello, World!";
        });
        app.MapGet("/delay", static async () =>
        {
            await Task.Delay(1);
            return "Hello, World!";
        });
        app.MapGet("/sleep", kind == "loop" ? Sleep : Delay);
        app.MapGet("/large", static () => TypedResults.Bytes(Large));
        app.MapPost("/upload", (Delegate)Drain);      // as a RequestDelegate it would lose its result
        app.MapGet("/static/{name}", Files(app, folder));
        await app.StartAsync();
        await Figures.AnswerAsync();
        await app.StopAsync();
        return 0;
    }

    // By the usual middleware, on a branch of its own: the other paths do not pass it.
    private static RequestDelegate Files(IApplicationBuilder app, string folder)
    {
        var branch = app.New();
        branch.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(folder), RequestPath = "/static", ServeUnknownFileTypes = true });
        var files = branch.Build();
        return http =>
        {
            http.SetEndpoint(null);      // the middleware leaves a request to its endpoint
            return files(http);
        };
    }

    private static async Task<string> Sleep()
    {
        await Loop.Sleep(TimeSpan.FromMilliseconds(1));
        return "Hello, World!";
    }

    private static async Task<string> Delay()
    {
        await Task.Delay(1);
        return "Hello, World!";
    }

    private static async Task<string> Drain(HttpContext http)
    {
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(64 * 1024);
        long all = 0;
        while (await http.Request.Body.ReadAsync(buffer) is > 0 and var count)
        {
            all += count;
        }

        System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        return all.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    internal sealed record Message(string Text);
}
