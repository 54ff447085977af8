using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Tests;

/// <summary>What becomes of recordings that end early.</summary>
public sealed class RecordTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eventloop-tool-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Id(TargetProcess target) => target.Id.ToString(CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_recording_that_is_interrupted_has_the_names_of_its_tasks(string signal)
    {
        using var target = TargetProcess.Run("busy");
        string file = Path.Combine(folder, "interrupted.elrec");
        using var tool = System.Diagnostics.Process.Start(Programs.Start("EventLoop.Tool", ["record", Id(target), "--for", "80s", "-o", file]))!;
        var output = tool.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        for (int i = 0; i < 1200 && !(File.Exists(file) && new FileInfo(file).Length > 100_000); i++)
        {
            Thread.Sleep(50);
        }

        using (var kill = System.Diagnostics.Process.Start("kill", [$"-{signal}", tool.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            kill.WaitForExit();
        }

        tool.WaitForExit(60_000).Should().BeTrue();
        tool.ExitCode.Should().Be(0);
        (await output).Should().MatchRegex("^recorded [0-9.]+m?s: [0-9]{3,} records").And.NotContain("recorded 80s");
        string trace = Path.Combine(folder, "interrupted.json");
        ToolRun.Run("trace", file, "--format", "chrome", "-o", trace).ExitCode.Should().Be(0);
        string text = File.ReadAllText(trace);
        text.Should().Contain("\"busy").And.Contain("\"short");
        Regex.Count(text, "\"Task-[0-9]").Should().Be(0, "each task has its name");
    }

    [Theory]
    [InlineData("perfetto")]
    [InlineData("chrome")]
    public void A_recording_that_was_cut_short_behind_a_mark_is_shown_with_a_mark_that_has_no_name(string format)
    {
        string file = WriteCutShort(
        [
            (1000UL << 8) | (byte)RecordedEventKind.Step, (1UL << 32) | 500,
            (1200UL << 8) | (byte)RecordedEventKind.Mark, (1UL << 32) | 7,
        ]);
        string into = Path.Combine(folder, "cut.trace");
        var run = ToolRun.Run("trace", file, "--format", format, "-o", into);
        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.Should().Contain("1 steps");
        File.ReadAllText(into).Should().Contain("mark");
    }

    [Fact]
    public void A_step_that_was_running_at_the_end_of_a_recording_lasts_until_the_end_that_the_file_tells()
    {
        string file = WriteCutShort([(10_000_000UL << 8) | 255, 1UL << 32]);
        using (var to = new FileStream(file, FileMode.Append))
        {
            to.Write(BitConverter.GetBytes(0));
            to.Write("{\"loop\":\"known\",\"time\":3.5,\"lost\":0,\"names\":{\"1\":\"slow\"},\"labels\":{}}"u8);
        }

        var run = ToolRun.Run("trace", file, "-o", Path.Combine(folder, "end.pftrace"));
        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.Should().Contain("a step of slow #1 took 2.5s at 1.0s");
        ToolRun.Run("trace", file, "--name", "known", "-o", Path.Combine(folder, "again.pftrace")).ExitCode.Should().Be(0);
        ToolRun.Run("trace", file, "--name", "cut", "-o", Path.Combine(folder, "other.pftrace")).Errors.Should().Contain("there is 'known'");
        ToolRun.Run("web", file, "--name", "known").ExitCode.Should().Be(2, "it has one loop only");
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(-1)]
    public void A_recording_with_an_impossible_time_is_damaged_and_not_the_tool(int idle)
    {
        string file = WriteCutShort([(1UL << 63) | (byte)RecordedEventKind.Idle, ((ulong)(uint)idle << 32) | 5]);
        var run = ToolRun.Run("trace", file, "-o", Path.Combine(folder, "damaged.pftrace"));
        run.ExitCode.Should().Be(2, run.Output + run.Errors);
        run.Errors.Should().Contain("damaged").And.NotContain("   at ");
    }

    [Fact]
    public async Task A_recording_of_very_many_tasks_is_shown_by_a_page_in_little_memory()
    {
        const int tasks = 400_000;
        string file = WriteCutShort([.. Enumerable.Range(1, tasks).SelectMany(static task => new[]
        {
            ((ulong)task * 1000 << 8) | (byte)RecordedEventKind.Step, ((ulong)task << 32) | 500,
        })]);
        var start = Programs.Start("EventLoop.Tool", ["web", file]);
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x20000000";      // columns for each task would take four times as much
        using var tool = System.Diagnostics.Process.Start(start)!;
        try
        {
            string link = ((await tool.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)) ?? "").Split(' ')[0];
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
            string text = await client.GetStringAsync(link.Replace("/?", "/timeline?", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            using var json = JsonDocument.Parse(text);
            json.RootElement.GetProperty("records").GetInt32().Should().Be(tasks);
            json.RootElement.GetProperty("tracks").EnumerateArray().Last().GetProperty("name").GetString().Should().Be($"{tasks - 40} others");
        }
        finally
        {
            tool.Kill();
        }
    }

    // Without the names and labels of its end.
    private string WriteCutShort(ulong[] records)
    {
        const int most = 50_000;
        string file = Path.Combine(folder, "cut.elrec");
        using var to = File.Create(file);
        to.Write("{\"v\":1,\"kind\":\"recording\",\"pid\":1,\"loop\":\"cut\"}\n"u8);
        foreach (ulong[] some in records.Chunk(most))
        {
            to.Write(BitConverter.GetBytes(some.Length * sizeof(ulong)));
            to.Write(MemoryMarshal.AsBytes(some.AsSpan()));
        }

        return file;
    }

    [Fact]
    public void A_file_that_cannot_be_written_completely_is_not_left_behind_whatever_the_reason()
    {
        // Nothing that a user can do makes it fail today, so it is called as the commands call it.
        string into = Path.Combine(folder, "half.json");
        var write = Assembly.LoadFrom(Programs.PathOf("EventLoop.Tool")).GetType("EventLoop.Tool.Files.NewFile")!
            .GetMethod("Write", BindingFlags.Static | BindingFlags.NonPublic)!;
        Action<FileStream> failing = static file =>
        {
            file.Write("half"u8);
            throw new FormatException("nobody expected it");
        };
        FluentActions.Invoking(() => write.Invoke(null, [into, failing])).Should().Throw<TargetInvocationException>().WithInnerException<FormatException>();
        File.Exists(into).Should().BeFalse();
    }
}
