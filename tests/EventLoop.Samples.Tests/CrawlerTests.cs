using System.Net;
using EventLoop.Net;

namespace EventLoop.Samples.Tests;

/// <summary>The program as a user starts it, on a little web of the test's own.</summary>
public sealed class CrawlerTests
{
    private readonly List<string> asked = [];

    [Fact]
    public void A_redirect_is_a_link_to_a_page_of_this_host_or_it_is_not_followed()
    {
        var result = Crawl(static async Coroutine<string> (path, port, _) =>
        {
            await Loop.Yield();
            return path switch
            {
                "/" => Page("moved", "away"),
                "/moved" => Redirect("/folder/page"),
                "/away" => Redirect($"http://localhost:{port}/elsewhere"),
                "/folder/page" => Page("sibling"),
                "/folder/sibling" => Page(),
                _ => NotFound,
            };
        });

        result.ExitStatus.IsSuccess.Should().BeTrue(result.StandardOutput + result.StandardError);
        result.StandardOutput.Should().Contain("3 pages");
        asked.Should().BeEquivalentTo("127.0.0.1/", "127.0.0.1/moved", "127.0.0.1/away", "127.0.0.1/folder/page", "127.0.0.1/folder/sibling");
    }

    [Fact]
    public void A_first_page_that_redirects_to_another_host_is_a_problem_that_is_named()
    {
        var result = Crawl(static async Coroutine<string> (_, port, _) =>
        {
            await Loop.Yield();
            return Redirect($"http://localhost:{port}/");
        });

        result.ExitStatus.Should().Be(new ExitStatus(1), result.StandardError);
        result.StandardOutput.Should().MatchRegex("problem: http://127.0.0.1:[0-9]+/: redirects to http://localhost:[0-9]+/, on another host");
        asked.Should().Equal("127.0.0.1/");
    }

    [Fact]
    public void A_page_in_a_character_set_that_does_not_exist_is_a_problem_of_this_page()
    {
        var result = Crawl(static async Coroutine<string> (path, _, _) =>
        {
            await Loop.Yield();
            return path switch
            {
                "/" => Page("strange", "usual"),
                "/strange" => Page("usual").Replace("utf-8", "nonsense", StringComparison.Ordinal),
                _ => Page(),
            };
        });

        result.ExitStatus.Should().Be(new ExitStatus(1), result.StandardError);
        result.StandardOutput.Should().Contain("2 pages").And.MatchRegex("problem: http://127.0.0.1:[0-9]+/strange: .*character set");
        result.StandardError.Should().NotContain("   at ");
    }

    [Fact]
    public void Told_to_end_it_finishes_the_page_under_way_and_says_what_it_has_not_visited()
    {
        var result = Crawl(
            static async Coroutine<string> (path, _, crawler) =>
            {
                if (path != "/")
                {
                    crawler.Terminate();
                    string? line;
                    do
                    {
                        line = await crawler.Error.ReadLineAsync();
                    }
                    while (line is not null && !line.StartsWith("Interrupted", StringComparison.Ordinal));
                }

                return Page("a", "b", "c");
            },
            "--workers", "1");

        result.ExitStatus.Should().Be(new ExitStatus(143), result.StandardError);
        result.StandardOutput.Should().Contain("2 pages").And.Contain("Interrupted: 2 known pages were not visited.");
        asked.Should().Equal("127.0.0.1/", "127.0.0.1/a");
    }

    private static string NotFound => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    private static string Page(params string[] links)
    {
        string text = string.Concat(links.Select(static link => $"<a href=\"{link}\">{link}</a>"));
        return $"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {text.Length}\r\nConnection: close\r\n\r\n{text}";
    }

    private static string Redirect(string target) => $"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    /// <param name="web">What it answers to a path; it knows its port, and the crawler's process.</param>
    /// <param name="arguments">Of the crawler.</param>
    private RunResult<string> Crawl(Func<string, int, Subprocess, Coroutine<string>> web, params string[] arguments) => Loop.Run(
        async Coroutine<RunResult<string>> () => await Loop.WaitFor(
            async Coroutine<RunResult<string>> () =>
            {
                Subprocess? crawler = null;
                int port = 0;
                await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), async connection =>
                {
                    if ((await connection.ReadLineAsync())?.Split(' ') is not [_, var path, ..])
                    {
                        return;      // a connection that was not needed
                    }

                    while (await connection.ReadLineAsync() is { Length: > 0 } header)
                    {
                        if (header.StartsWith("Host: ", StringComparison.OrdinalIgnoreCase))
                        {
                            asked.Add(header[6..].Split(':')[0] + path);
                        }
                    }

                    await connection.WriteAsync(await web(path, port, crawler!));
                });
                port = ((IPEndPoint)server.EndPoint).Port;
                await using var started = await Subprocess.StartAsync(
                    Sample.Command("Crawler", [.. arguments, $"http://127.0.0.1:{port}/"]) with { Output = Stdio.Pipe, Error = Stdio.Pipe });
                crawler = started;
                string output = await started.Output.ReadTextAsync();
                return new RunResult<string>(await started.WaitAsync(), output, await started.Error.ReadTextAsync(), started.Id);
            },
            TimeSpan.FromMinutes(1)),
        new LoopOptions { HandleInterrupt = false });
}
