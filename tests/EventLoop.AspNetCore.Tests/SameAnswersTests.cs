using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using System.Net;

namespace EventLoop.AspNetCore.Tests;

/// <summary>What a client sends, malformed or not, gets from the loop the very bytes that it gets from Kestrel's own sockets.</summary>
public sealed partial class SameAnswersTests
{
    public static TheoryData<string> Requests => new(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "GET\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "G<T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\nConnection: close\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nSpace : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nNul: a\0b\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: 1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",

        // Smuggling: both lengths; a chunk that hides a second request; a length that leaves one behind; obfuscated names.
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: "
            + "close\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: "
            + "close\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",

        // Expect: 100-continue, with the body read, ignored, empty, chunked, and with a version and an expectation that know of none.
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "POST /ignore HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: a-miracle\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 20000\r\n\r\n",

        // Pipelines: whole ones, a bad request in the middle, what follows a close.
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /json HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n"
            + "Host: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\nB<D / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: 1\r\n\r\nGET / HTTP/1.1\r\n"
            + "Host: a\r\nConnection: close\r\n\r\n",

        // Chunks and their trailers.
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\nHost: b\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSpace : a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nNo colon\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n folded: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n",

        // Bare carriage returns and line feeds, folds, spaces before colons.
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\rb\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tfolded\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\nConnection: close\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: y\nContent-Length: 3\r\n\r\nabc",

        // More lengths and codings that two servers might understand in two ways.
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length : 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3, 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: +3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0x3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked, identity\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding:\r\n chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nGET /",

        "GET /throws HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /throws-late HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /short HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /long HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /chunks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    [Fact]
    public async Task Every_request_gets_the_same_bytes()
    {
        await using var loop = await Site.StartAsync(Map, kestrel: Listen);
        await using var sockets = await Site.StartAsync(Map, kestrel: Listen, onLoop: false);
        var all = Requests.Select(static row => row.Data)
            .Append($"GET /{new string('x', 10_000)} HTTP/1.1\r\nHost: a\r\n\r\n")
            .Append($"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('x', 40_000)}\r\n\r\n")
            .Append($"GET / HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 120).Select(static n => $"H{n}: a\r\n"))}\r\n")
            .Append($"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n{new string('x', 20_000)}");
        var different = new List<string>();
        var answers = new HashSet<string>();
        foreach (string request in all)
        {
            string ours = "", theirs = "";
            foreach (int patience in (int[])[300, 1000, 4000])      // on a busy machine an answer may come behind the end of what was sent
            {
                ours = await AnswerAsync(loop, request, patience);
                theirs = await AnswerAsync(sockets, request, patience);
                if (ours == theirs)
                {
                    break;
                }
            }

            answers.Add(theirs);
            if (ours != theirs)
            {
                different.Add($"{request[..Math.Min(200, request.Length)]}\nsockets: {theirs}\nloop:    {ours}");
            }
        }

        different.Should().BeEmpty();
        answers.Count.Should().BeGreaterThan(20, "the requests are of many kinds");
    }

    // Whole requests end by themselves or say close; those that wait for more end when the client has sent everything.
    private static async Task<string> AnswerAsync(Site site, string request, int patience)
    {
        using var client = await site.ConnectAsync();
        await client.SendAsync(request);
        Task<string> reading = client.ReadToEndAsync();
        if (await Task.WhenAny(reading, Task.Delay(patience)) != reading)
        {
            client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        }

        string answer = Date().Replace(await reading, "Date: now");
        return answer.Replace("[reset]", "", StringComparison.Ordinal);      // whether a client hears of it depends on what it had sent too much
    }

    private static void Listen(KestrelServerOptions server)
    {
        server.Listen(IPAddress.Loopback, 0);
        server.Limits.MaxRequestBodySize = 10_000;
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/", static () => "root");
        app.MapPost("/echo", static async (HttpContext http) =>
        {
            using var reader = new StreamReader(http.Request.Body);
            return $"[{await reader.ReadToEndAsync()}]";
        });
        app.MapPost("/ignore", static () => "ignored");
        app.MapGet("/smuggled", static () => "SMUGGLED");
        app.MapGet("/throws", static void () => throw new InvalidOperationException("no"));
        app.MapGet("/throws-late", static async (HttpContext http) =>
        {
            await http.Response.WriteAsync("begun");
            await http.Response.Body.FlushAsync();
            throw new InvalidOperationException("no");
        });
        app.MapGet("/short", static async (HttpContext http) =>
        {
            http.Response.ContentLength = 10;
            await http.Response.WriteAsync("short");
        });
        app.MapGet("/long", static async (HttpContext http) =>
        {
            http.Response.ContentLength = 3;
            await http.Response.WriteAsync("much too long");
        });
        app.MapGet("/chunks", static async (HttpContext http) =>
        {
            for (int i = 0; i < 3; i++)
            {
                await http.Response.WriteAsync($"chunk {i}");
                await Task.Yield();
                await http.Response.Body.FlushAsync();
            }
        });
        app.MapGet("/json", static () => new { A = 1, B = "two" });
        app.MapGet("/none", static () => Microsoft.AspNetCore.Http.Results.NoContent());
    }

    [GeneratedRegex("Date: [^\r]*")]
    private static partial Regex Date();
}
