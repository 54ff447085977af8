using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EventLoop.Tool.Tests;

/// <summary>What a user does who has prepared nothing, with a program that stands still.</summary>
public sealed class ForeverTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eventloop-tool-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Of_several_loops_each_has_its_own_stack_in_a_dump_and_its_own_recording_on_the_page()
    {
        using var target = TargetProcess.Run("forever");
        string id = target.Id.ToString(CultureInfo.InvariantCulture);
        string file = Path.Combine(folder, "forever.eldump");
        ToolRun.Run("dump", id, "--frames", "-o", file, "--timeout", "60").ExitCode.Should().Be(0);
        using var first = JsonDocument.Parse(File.ReadLines(file).First());
        first.RootElement.GetProperty("kind").GetString().Should().Be("dump", "the header comes first");
        string[] stacks = [.. ToolRun.Run("show", file).Output.Split("loop 'loop-").Skip(1)];
        stacks.Should().HaveCount(3).And.OnlyContain(static text => text.Split("Thread (").Length == 2);
        stacks.Single(static text => text.Contains("cruncher")).Should().Contain("Forever.CountPrimes");
        stacks.Single(static text => text.Contains("query")).Should().Contain("Forever.AskDatabase");

        using var tool = System.Diagnostics.Process.Start(Programs.Start("EventLoop.Tool", ["web", id, "--timeout", "60"]))!;
        try
        {
            string link = ((await tool.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)) ?? "").Split(' ')[0];
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
            await client.GetStringAsync(link.Replace("/?", "/record?for=0.1&loop=1&", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            string timeline = link.Replace("/?", "/timeline?", StringComparison.Ordinal);
            (await client.GetAsync(timeline + "&loop=1", TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.OK);
            (await client.GetAsync(timeline + "&loop=2", TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.NotFound);
        }
        finally
        {
            tool.Kill();
        }
    }

    [Fact]
    public void Whatever_waits_for_ever_computes_or_blocks_among_two_hundred_tasks_is_named_with_why_by_one_command()
    {
        using var target = TargetProcess.Run("forever");
        string id = target.Id.ToString(CultureInfo.InvariantCulture);

        var run = ToolRun.Run("ps", id, "--frames", "--timeout", "60");
        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.Should().MatchRegex("190 x waiting .*Forever.Customer")
            .And.MatchRegex("event .*Forever.WaitForDoorbell")
            .And.MatchRegex("future .*Forever.WaitForReply")
            .And.MatchRegex("Task .*Forever.WaitForDriver", "a task of .NET's")
            .And.MatchRegex("read from 127.0.0.1:[0-9]+ .*Forever.ReadOrder")
            .And.MatchRegex(@"lock \(held by task 'bookkeeper'\) .*Forever.WriteLedger")
            .And.MatchRegex("LockConvoy: lock .*holder waits for Task", "that is why the lock stays held")
            .And.MatchRegex("task 'cruncher' #[0-9]+ has been in one step .*Forever.CountPrimes < Forever.Compute")
            .And.MatchRegex("task 'query' #[0-9]+ has been in one step .*its thread is blocked in Task.Wait < Forever.AskDatabase < Forever.Block",
                "what the program called and where, and not how .NET does it");

        // However little is listed, the step has lasted as long.
        var before = run.Output.Split('\n').Where(static line => line.Contains("in one step for", StringComparison.Ordinal)).Select(Lasted).Min();
        var little = ToolRun.Run("ps", id, "--frames", "--bunches", "--filter", "Doorbell", "--timeout", "60");
        little.Output.Should().NotContain("Forever.Customer");
        Regex.Matches(little.Output, "in one step for.*").Select(static match => Lasted(match.Value)).Should().HaveCount(2)
            .And.OnlyContain(time => time >= before);
        ToolRun.Run("pstree", id, "--by", "await", "--timeout", "60").Output.Should().Contain("190 x Forever.Customer  sleep");

        var doctor = ToolRun.Run("doctor", id, "--json", "--timeout", "60");
        doctor.ExitCode.Should().Be(1, doctor.Errors);
        using var json = JsonDocument.Parse(doctor.Output);
        var steps = json.RootElement.GetProperty("findings").EnumerateArray().Where(static one => one.GetProperty("kind").GetString() == "LongStep").ToArray();
        steps.Should().HaveCount(2);
        steps.Select(static one => one.GetProperty("message").GetString()).Should().Contain(static text => text!.Contains("cruncher"))
            .And.Contain(static text => text!.Contains("blocked"));
        steps[0].GetProperty("frames").GetArrayLength().Should().BeGreaterThan(0);
    }

    private static double Lasted(string line)
    {
        var match = Regex.Match(line, "in one step for ([0-9.]+)(ms|s|m)");
        return double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * (match.Groups[2].Value switch { "ms" => 0.001, "s" => 1, _ => 60 });
    }
}
