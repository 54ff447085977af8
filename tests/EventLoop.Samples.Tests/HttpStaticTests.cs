using System.Net;
using EventLoop.Net;
using HttpStatic;

namespace EventLoop.Samples.Tests;

/// <summary>Requests as bytes, and what comes back.</summary>
public sealed class HttpStaticTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("site-");

    public HttpStaticTests() => File.WriteAllText(Path.Combine(folder.FullName, "a.txt"), "0123456789");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Requests_of_one_connection_are_answered_in_their_order()
    {
        string answer = Ask("GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\nHEAD /a.txt HTTP/1.1\r\nHost: x\r\n\r\nGET /no HTTP/1.1\r\nHost: x\r\n\r\nGET /a.txt "
            + "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        answer.Split("HTTP/1.1 ").Select(static part => part.Split(' ')[0]).Should().Equal("", "200", "200", "404", "200");
        answer.Should().EndWith("\r\n\r\n0123456789").And.Contain("0123456789HTTP/1.1 200");
    }

    [Theory]
    [InlineData("bytes=2-4", "206 Partial", "Content-Range: bytes 2-4/10", "234")]
    [InlineData("bytes=7-", "206 Partial", "Content-Range: bytes 7-9/10", "789")]
    [InlineData("bytes=-2", "206 Partial", "Content-Range: bytes 8-9/10", "89")]
    [InlineData("bytes=10-", "416 Range", "Content-Range: bytes */10", "")]
    [InlineData("bytes=0-1,4-5", "200 OK", "Content-Length: 10", "0123456789")]
    [InlineData("bytes=8-99999999999999999999", "206 Partial", "Content-Range: bytes 8-9/10", "89")]
    [InlineData("bytes=-99999999999999999999", "206 Partial", "Content-Range: bytes 0-9/10", "0123456789")]
    [InlineData("bytes=10-5", "200 OK", "Content-Length: 10", "0123456789")]
    [InlineData("bytes=5-abc", "200 OK", "Content-Length: 10", "0123456789")]
    [InlineData("bytes=+5-6", "200 OK", "Content-Length: 10", "0123456789")]
    [InlineData("bytes=-", "200 OK", "Content-Length: 10", "0123456789")]
    [InlineData("bytes=-0", "416 Range", "Content-Range: bytes */10", "")]
    public void Ranges(string range, string status, string header, string body)
    {
        string answer = Ask($"GET /a.txt HTTP/1.1\r\nHost: x\r\nRange: {range}\r\nConnection: close\r\n\r\n");
        answer.Should().StartWith("HTTP/1.1 " + status).And.Contain(header).And.EndWith("\r\n\r\n" + body);
    }

    [Fact]
    public void A_file_that_the_client_has_is_not_sent_again()
    {
        string first = Ask("HEAD /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        string tag = first.Split("ETag: ")[1].Split("\r\n")[0], date = first.Split("Last-Modified: ")[1].Split("\r\n")[0];

        Ask($"GET /a.txt HTTP/1.1\r\nHost: x\r\nIf-None-Match: {tag}\r\nConnection: close\r\n\r\n").Should().StartWith("HTTP/1.1 304");
        Ask($"GET /a.txt HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"a\", W/{tag}\r\nConnection: close\r\n\r\n").Should().StartWith("HTTP/1.1 304");
        Ask($"GET /a.txt HTTP/1.1\r\nHost: x\r\nIf-Modified-Since: {date}\r\nConnection: close\r\n\r\n").Should().StartWith("HTTP/1.1 304");
        Ask("GET /a.txt HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"another\"\r\nConnection: close\r\n\r\n").Should().StartWith("HTTP/1.1 200");
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n", 400)]
    [InlineData("POST /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405)]
    public void What_cannot_be_answered_is_refused(string request, int status) => Ask(request).Should().StartWith($"HTTP/1.1 {status}");

    [Theory]
    [InlineData("X: y\r\nContent-Length : 5")]
    [InlineData("Transfer-Encoding\t: chunked")]
    [InlineData("X: a\r\n Content-Length: 5")]
    [InlineData("X: a\r\n\tContent-Length: 5")]
    [InlineData("X: a\rContent-Length: 5")]
    [InlineData("X: a\vb")]
    [InlineData("X\v: a")]
    [InlineData("X: a\0b")]
    [InlineData(": nameless")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6")]
    [InlineData("Content-Length: +5")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked")]
    [InlineData("Host: another")]
    public void What_a_proxy_might_read_in_another_way_is_refused_and_nothing_behind_it_is_answered(string header)
    {
        string answer = Ask($"GET /a.txt HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\nGET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        answer.Should().StartWith("HTTP/1.1 400").And.Contain("Connection: close");
        answer.Split("HTTP/1.1 ").Should().HaveCount(2);
    }

    [Fact]
    public void A_request_of_HTTP_1_1_names_its_host()
    {
        Ask("GET /a.txt HTTP/1.1\r\n\r\n").Should().StartWith("HTTP/1.1 400");
        Ask("GET /a.txt HTTP/1.0\r\n\r\n").Should().StartWith("HTTP/1.1 200");
    }

    [Theory]
    [InlineData("close, te")]
    [InlineData("te , Close")]
    [InlineData("te\r\nConnection: close")]
    public void Close_is_heard_among_several_tokens(string options) =>
        Ask($"GET /a.txt HTTP/1.1\r\nHost: x\r\nConnection: {options}\r\n\r\nGET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n").Split("HTTP/1.1 ").Should().HaveCount(2);

    [Fact]
    public void A_part_is_sent_only_of_the_file_that_the_client_has_a_part_of()
    {
        string first = Ask("HEAD /a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        string tag = first.Split("ETag: ")[1].Split("\r\n")[0], date = first.Split("Last-Modified: ")[1].Split("\r\n")[0];
        Part(tag).Should().StartWith("HTTP/1.1 206");
        Part(date).Should().StartWith("HTTP/1.1 206");
        Part("W/" + tag).Should().StartWith("HTTP/1.1 200");
        Part("\"older\"").Should().StartWith("HTTP/1.1 200").And.EndWith("\r\n\r\n0123456789");
        Part("Thu, 01 Jan 1970 00:00:00 GMT").Should().StartWith("HTTP/1.1 200");

        string Part(string condition) => Ask($"GET /a.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=5-\r\nIf-Range: {condition}\r\nConnection: close\r\n\r\n");
    }

    [Fact]
    public void A_file_is_no_folder() => Ask("GET /a.txt/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").Should().StartWith("HTTP/1.1 404");

    [Fact]
    public void A_client_that_sends_garbage_and_stays_is_no_failure_of_the_server()
    {
        List<string> reported = [];
        using (var loop = new LoopRunner())
        {
            loop.Loop.ExceptionHandler = (_, context) => reported.Add(context.Message);
            loop.Run(async Coroutine () =>
            {
                using var site = new Site(folder.FullName);
                await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), connection => new Exchange(connection, site).ServeAsync());
                await using var client = await Tcp.ConnectAsync(server.EndPoint);
                await client.WriteAsync("garbage\r\n\r\n");
                (await client.ReadLineAsync()).Should().StartWith("HTTP/1.1 400");
                await server.StopAsync(TimeSpan.FromSeconds(10));
            });
        }

        reported.Should().BeEmpty();
    }

    [Fact]
    public void A_head_has_its_limits()
    {
        Ask($"GET /a.txt HTTP/1.1\r\nHost: x\r\nLong: {new string('x', 20_000)}\r\n\r\n").Should().StartWith("HTTP/1.1 431");
        Ask($"GET /a.txt HTTP/1.1\r\nHost: x\r\n{string.Concat(Enumerable.Repeat("Many: x\r\n", 200))}\r\n").Should().StartWith("HTTP/1.1 431");
    }

    [Fact]
    public void Half_a_head_is_told_that_its_time_is_up_and_no_head_is_told_nothing()
    {
        var soon = TimeSpan.FromMilliseconds(20);
        Ask("GET /a.txt HT", headTime: soon, ends: false).Should().StartWith("HTTP/1.1 408");
        Ask("", idleTime: soon, ends: false).Should().BeEmpty();
    }

    private string Ask(string request, TimeSpan? headTime = null, TimeSpan? idleTime = null, bool ends = true) =>
        Loop.Run(() => Loop.WaitFor(async Coroutine<string> () =>
    {
        using var site = new Site(folder.FullName);
        var ample = TimeSpan.FromMinutes(1);
        await using var server = Tcp.Listen(
            new IPEndPoint(IPAddress.Loopback, 0),
            connection => new Exchange(connection, site) { HeadTime = headTime ?? ample, IdleTime = idleTime ?? ample }.ServeAsync());
        await using var client = await Tcp.ConnectAsync(server.EndPoint);
        await client.WriteAsync(request);
        if (ends)
        {
            await client.ShutdownWriteAsync();
        }

        return System.Text.Encoding.ASCII.GetString(await client.ReadToEndAsync());
    }, TimeSpan.FromSeconds(30)));
}
