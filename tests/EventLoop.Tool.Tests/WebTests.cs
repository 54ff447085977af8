using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Reflection;

namespace EventLoop.Tool.Tests;

public sealed class WebTests(MixedTarget target) : IClassFixture<MixedTarget>
{
    [Fact]
    public async Task A_page_that_is_open_is_told_when_the_process_has_ended()
    {
        using var spinning = TargetProcess.Run("spin");
        using var tool = Process.Start(Programs.Start("EventLoop.Tool", ["web", spinning.Id.ToString(CultureInfo.InvariantCulture)]))!;
        try
        {
            string link = ((await tool.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)) ?? "").Split(' ')[0];
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
            await using var events = await client.GetStreamAsync(link.Replace("/?", "/events?", StringComparison.Ordinal),
                TestContext.Current.CancellationToken);
            using var reader = new StreamReader(events);
            (await reader.ReadLineAsync(TestContext.Current.CancellationToken)).Should().StartWith("data: {");
            spinning.Kill();
            string? line = "";
            while (line is not (null or "event: ended"))
            {
                line = await reader.ReadLineAsync(TestContext.Current.CancellationToken);
            }

            line.Should().NotBeNull("the connection did not end without a word");
            tool.WaitForExit(60_000).Should().BeTrue();
            tool.ExitCode.Should().Be(8);
        }
        finally
        {
            tool.Kill();
        }
    }

    [Fact]
    public async Task What_a_file_holds_is_sent_to_a_page_once_and_nothing_waits_for_more()
    {
        string folder = Directory.CreateTempSubdirectory("eventloop-web-").FullName;
        string file = Path.Combine(folder, "whole.eldump");
        Loop.Run(async () =>
        {
            await using var to = File.Create(file);
            Loop.Current.Diagnostics.Dump(to);
        });
        using var tool = Process.Start(Programs.Start("EventLoop.Tool", ["web", file]))!;
        try
        {
            string link = ((await tool.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)) ?? "").Split(' ')[0];
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(20) };
            string events = await client.GetStringAsync(link.Replace("/?", "/events?", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            events.Should().StartWith("data: {").And.Contain("event: whole");
        }
        finally
        {
            tool.Kill();
            await tool.WaitForExitAsync(TestContext.Current.CancellationToken);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("127.0.0.1:80", null, 80, true)]
    [InlineData("127.0.0.1", null, 80, true)]
    [InlineData("127.0.0.1", "http://127.0.0.1", 80, true)]
    [InlineData("127.0.0.1", null, 8080, false)]
    [InlineData("127.0.0.1", "http://evil.example", 80, false)]
    [InlineData("evil.example", null, 80, false)]
    [InlineData("127.0.0.1:8080", "http://127.0.0.1:8080", 8080, true)]
    [InlineData("127.0.0.1:8080", "http://127.0.0.1", 8080, false)]
    public void A_page_on_the_port_of_HTTP_is_the_tools_own_although_a_browser_leaves_it_out(string host, string? origin, int port, bool isHere)
    {
        // Where the tests run that port may not be opened, so it is called as the command calls it.
        var command = Assembly.LoadFrom(Programs.PathOf("EventLoop.Tool")).GetType("EventLoop.Tool.Commands.WebCommand")!;
        command.GetMethod("IsHere", BindingFlags.Static | BindingFlags.NonPublic)!.Invoke(null, [host, origin, port]).Should().Be(isHere);
    }

    [Fact]
    public async Task The_page_is_served_to_whoever_has_the_key_and_tells_what_ps_tells()
    {
        using var tool = Process.Start(Programs.Start("EventLoop.Tool", ["web", target.Id]))!;
        try
        {
            string link = ((await tool.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)) ?? "").Split(' ')[0];
            link.Should().StartWith("http://127.0.0.1:").And.Contain("/?key=");
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
            using var page = await client.GetAsync(link, TestContext.Current.CancellationToken);
            page.StatusCode.Should().Be(HttpStatusCode.OK);
            page.Headers.GetValues("Content-Security-Policy").Single().Should().StartWith("default-src 'none'");
            string html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            html.Should().NotContain("https://").And.NotContain("innerHTML");

            (await client.GetAsync(link.Split("?")[0], TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
            (await client.GetAsync(link.Replace("key=", "key=0", StringComparison.Ordinal),
                TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
            (await client.GetAsync(link.Replace("/?", "/events?x=1&", StringComparison.Ordinal).Replace("key", "no", StringComparison.Ordinal),
                TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
            using var stranger = new HttpRequestMessage(HttpMethod.Get, link);
            stranger.Headers.Add("Origin", "http://evil.example");
            (await client.SendAsync(stranger, TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.Forbidden);

            await using var events = await client.GetStreamAsync(link.Replace("/?", "/events?", StringComparison.Ordinal),
                TestContext.Current.CancellationToken);
            using var reader = new StreamReader(events);
            string? data = await reader.ReadLineAsync(TestContext.Current.CancellationToken);
            data.Should().StartWith("data: {").And.Contain("order-881").And.Contain("Deadlock").And.Contain(string.Create(CultureInfo.InvariantCulture,
                $"\"pid\":{target.Id}"));
        }
        finally
        {
            tool.Kill();
        }
    }
}
