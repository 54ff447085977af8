using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace EventLoop.Tool.Tests;

public sealed class WebTests(MixedTarget target) : IClassFixture<MixedTarget>
{
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
