using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace EventLoop.Samples.Tests;

/// <summary>SIGTERM, as supervisors and containers send it: a sample ends in order, with the exit code that shells give for it.</summary>
public sealed class InterruptTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("interrupt-tests-");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("Chat", "listening", "--port 0")]
    [InlineData("Downloads", "pages of", "--pages 1000 --delay 1000 --concurrency 1 --modes loop --out FOLDER")]
    [InlineData("Metrics", "/metrics", "PORT")]
    [InlineData("QuickStart", "1. One after the other", "--scale 100")]
    public void A_sample_that_is_told_to_end_has_the_exit_code_that_says_so(string sample, string text, string arguments)
    {
        string[] all = [.. arguments.Split(' ').Select(argument => argument switch { "FOLDER" => folder.FullName, "PORT" => FreePort(), _ => argument })];
        var result = Sample.Terminate(sample, text, all);

        result.ExitStatus.Should().Be(new ExitStatus(143), result.StandardOutput + result.StandardError);
        result.StandardError.Should().NotContain("Unhandled").And.NotContain("   at ");
    }

    private static string FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
