using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace EventLoop.Tool.Tests;

/// <summary><c>eventloop top</c> on a terminal.</summary>
public sealed class TopWindowTests
{
    private const string Clear = "\u001b[2J";

    [Theory]
    [InlineData("names", 24, 80, "more")]
    [InlineData("names", 12, 40, "more")]
    [InlineData("loops", 24, 80, "more loops")]
    [InlineData("names", 60, 200, "says")]
    public async Task What_does_not_fit_into_the_window_is_counted_and_the_top_of_it_stays_in_sight(string mode, int height, int width, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Programs.Exists("script"), "needs a terminal");
        using var target = TargetProcess.Run(mode);
        string command = string.Create(CultureInfo.InvariantCulture,
            $"stty rows {height} cols {width}; dotnet '{Programs.PathOf("EventLoop.Tool")}' top {target.Id} --interval 200ms --timeout 60");
        var start = new ProcessStartInfo("script", ["-qec", command, "/dev/null"])
        {
            RedirectStandardOutput = true, RedirectStandardInput = true, StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["TERM"] = "xterm-256color";
        using var terminal = Process.Start(start)!;
        var shown = new StringBuilder();
        char[] block = new char[4096];
        var token = TestContext.Current.CancellationToken;
        while (shown.ToString().Split(Clear).Length < 4 && await terminal.StandardOutput.ReadAsync(block, token) is > 0 and var read)
        {
            shown.Append(block, 0, read);
        }

        await terminal.StandardInput.WriteAsync("q".AsMemory(), token);
        await terminal.StandardInput.FlushAsync(token);
        shown.Append(await terminal.StandardOutput.ReadToEndAsync(token));
        terminal.WaitForExit(60_000).Should().BeTrue();

        string screen = Regex.Replace(shown.ToString().Split(Clear)[2], @"\u001b\[[0-9;?]*[A-Za-z]", "");
        string[] lines = screen.Replace("\r", "", StringComparison.Ordinal).TrimEnd('\n').Split('\n');
        lines.Should().HaveCountLessThan(height).And.OnlyContain(line => line.Length <= width);
        lines[0].Should().Contain($"(pid {target.Id})");
        screen.Should().Contain(expected);
    }
}
