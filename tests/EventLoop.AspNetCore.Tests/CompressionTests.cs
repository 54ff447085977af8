using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EventLoop.AspNetCore.Tests;

/// <summary>What was flushed arrives when it was flushed, through compression as well, and as on Kestrel's sockets.</summary>
public sealed class CompressionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Encoding, kind of answer, protocol, and whether it is the loop or Kestrel's sockets.</summary>
    public static TheoryData<string, string, string, bool> All()
    {
        var all = new TheoryData<string, string, string, bool>();
        foreach (string encoding in (string[])["gzip", "br", "identity"])
        {
            foreach (string path in (string[])["/events", "/chunks", "/writer", "/lines", "/library"])
            {
                foreach (string version in (string[])["1.1", "2.0"])
                {
                    all.Add(encoding, path, version, true);
                    all.Add(encoding, path, version, false);
                }
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Each_event_arrives_when_it_is_flushed_and_not_at_the_end(string encoding, string path, string version, bool onLoop)
    {
        var where = new Where();
        var source = Channel.CreateUnbounded<string>();
        await using var site = await Site.StartAsync(
            app => Map(app, source.Reader, onLoop ? where : null),
            build: static builder => builder.Services.AddResponseCompression(static options =>
            {
                options.EnableForHttps = true;
                options.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, "text/event-stream"];
            }),
            onLoop: onLoop,
            kestrel: server => server.Listen(
                IPAddress.Loopback, 0, listen => listen.Protocols = version == "1.1" ? HttpProtocols.Http1 : HttpProtocols.Http2));
        using var request = new HttpRequestMessage(HttpMethod.Get, site.Address + path)
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue(encoding));
        var asked = site.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await source.Writer.WriteAsync("number 0");
        using var answer = await asked.WaitAsync(Patience);
        string used = string.Join(",", answer.Content.Headers.ContentEncoding);
        used.Should().Be(path == "/events" ? "identity" : encoding == "identity" ? "" : encoding, "ASP.NET Core's own events refuse to be compressed");
        await using var raw = await answer.Content.ReadAsStreamAsync();
        await using var stream = used switch
        {
            "gzip" => new GZipStream(raw, CompressionMode.Decompress),
            "br" => new BrotliStream(raw, CompressionMode.Decompress),
            _ => raw,
        };
        await using var items = SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator();
        for (int i = 0; i < 20; i++)
        {
            // The next one is made only when this one has arrived.
            (await items.MoveNextAsync().AsTask().WaitAsync(Patience)).Should().BeTrue();
            items.Current.Data.Should().Be($"number {i}");
            await source.Writer.WriteAsync($"number {i + 1}");
        }

        source.Writer.Complete();
        (await items.MoveNextAsync().AsTask().WaitAsync(Patience)).Should().BeTrue();
        (await items.MoveNextAsync().AsTask().WaitAsync(Patience)).Should().BeFalse();
        where.Wrong.Distinct().Should().BeEmpty();
    }

    private static void Map(WebApplication app, ChannelReader<string> source, Where? where)
    {
        app.UseResponseCompression();
        app.MapGet("/events", (HttpContext http) => TypedResults.ServerSentEvents(ItemsAsync(http)));
        app.MapGet("/chunks", async (HttpContext http) =>
        {
            http.Response.ContentType = "text/event-stream";
            await foreach (string item in ItemsAsync(http))
            {
                await http.Response.WriteAsync($"data: {item}\n\n");
                await http.Response.Body.FlushAsync();
                where?.Note(http, "flushed");
            }
        });
        app.MapGet("/writer", async (HttpContext http) =>
        {
            http.Response.ContentType = "text/event-stream";
            await foreach (string item in ItemsAsync(http))
            {
                Encoding.UTF8.GetBytes($"data: {item}\n\n", http.Response.BodyWriter);
                await http.Response.BodyWriter.FlushAsync();
                where?.Note(http, "flushed");
            }
        });
        app.MapGet("/lines", async (HttpContext http) =>
        {
            http.Response.ContentType = "text/event-stream";
            await using var text = new StreamWriter(http.Response.Body);
            await foreach (string item in ItemsAsync(http))
            {
                await text.WriteAsync($"data: {item}\n\n");
                await text.FlushAsync();
                where?.Note(http, "flushed");
            }
        });
        app.MapGet("/library", (HttpContext http) => TypedResults.Stream(
            async body =>
            {
                await foreach (string item in ItemsAsync(http))
                {
                    await body.WriteAsync(Encoding.UTF8.GetBytes($"data: {item}\n\n")).ConfigureAwait(false);
                    await body.FlushAsync().ConfigureAwait(false);
                }
            },
            "text/event-stream"));

        async IAsyncEnumerable<string> ItemsAsync(HttpContext http)
        {
            await foreach (string item in source.ReadAllAsync(http.RequestAborted))
            {
                where?.Note(http, item);
                yield return item;
            }
        }
    }
}
