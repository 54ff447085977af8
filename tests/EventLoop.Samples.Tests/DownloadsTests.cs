using System.Diagnostics;

namespace EventLoop.Samples.Tests;

/// <summary>The program as a user starts it.</summary>
public sealed class DownloadsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("downloads-tests-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Each_way_fetches_every_page_whole_and_has_a_row_of_its_own()
    {
        var (exitCode, output, errors) = await RunAsync("--pages", "30", "--delay", "5", "--size", "20000", "--concurrency", "10", "--out", _folder.FullName);

        exitCode.Should().Be(0, errors);
        string[] modes = ["sync", "threads", "loop", "loop-http"];
        foreach (string mode in modes)
        {
            string[] row = output.Split('\n').Select(static line =>
                line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Single(row => row is [var name, ..] && name == mode);
            row[3].Should().Be("30", "pages of {0}", mode);
            int.Parse(row[6], System.Globalization.CultureInfo.InvariantCulture).Should().BeInRange(
                mode == "threads" ? 2 : 1, mode == "threads" ? 10 : 1, "threads of {0}: one that is late finds no page left", mode);
            Pages(mode).Should().Equal(Pages("sync"), "of {0}", mode);
        }

        Pages("sync").Should().HaveCount(30).And.OnlyContain(static page => page.Length == 20000);
    }

    [Fact]
    public async Task A_page_that_cannot_be_fetched_is_named_and_the_exit_code_tells()
    {
        var (exitCode, output, errors) = await RunAsync("--modes", "loop,loop-http", "--out", _folder.FullName, "http://127.0.0.1:1/nothing");

        exitCode.Should().Be(1);
        output.Should().Contain("could not be fetched");
        errors.Split('\n').Count(static line => line.Contains("http://127.0.0.1:1/nothing")).Should().Be(2, errors);
    }

    [Fact]
    public async Task A_way_that_does_not_exist_is_refused_with_those_that_do()
    {
        var (exitCode, _, errors) = await RunAsync("--modes", "fast");

        exitCode.Should().Be(2);
        errors.Should().Contain("no mode 'fast'").And.Contain("loop-http");
    }

    private string[] Pages(string mode) =>
        [.. Directory.EnumerateFiles(Path.Combine(_folder.FullName, mode)).Order(StringComparer.Ordinal).Select(File.ReadAllText)];

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Downloads.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var output = process.StandardOutput.ReadToEndAsync(patience.Token);
        var errors = process.StandardError.ReadToEndAsync(patience.Token);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await output, await errors);
    }
}
