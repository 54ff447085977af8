using System.Globalization;
using System.Text.Json;

namespace EventLoop.Tool.Tests;

/// <summary>What a target calls its tasks, locks, groups, reasons and marks is not let through to a terminal.</summary>
public sealed class BadNamesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eventloop-tool-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Names_with_control_characters_escapes_directions_and_a_hundred_kilobytes_reach_no_terminal_raw()
    {
        using var target = TargetProcess.Run("names");
        string id = target.Id.ToString(CultureInfo.InvariantCulture);
        string dump = Path.Combine(folder, "names.eldump");
        string record = Path.Combine(folder, "names.elrec");
        string[][] commands =
        [
            ["ps", id], ["ps", id, "--all"], ["ps", id, "--bunches"], ["pstree", id], ["pstree", id, "--by", "await"], ["doctor", id], ["top", id, "--once"],
            ["list"], ["dump", id, "-o", dump], ["show", dump], ["show", dump, "--ended"], ["pstree", dump], ["record", id, "--for", "300ms", "-o", record],
            ["trace", record, "-o", Path.Combine(folder, "names.pftrace")],
        ];
        foreach (string[] command in commands)
        {
            var run = ToolRun.Run(command);
            run.ExitCode.Should().BeOneOf([0, 1], $"{string.Join(' ', command)}: {run.Errors}");
            string.Concat(run.Output, run.Errors).Where(IsRaw).Should().BeEmpty($"of '{string.Join(' ', command)}' nothing is for the terminal to act on");
            run.Output.Split('\n').Max(static line => line.Length).Should().BeLessThan(1000);
        }

        ToolRun.Run("ps", id).Output.Should().Contain("clears\\u001B[2J");
        foreach (string[] command in new string[][] { ["ps", id, "--json"], ["doctor", id, "--json"], ["list", "--json"], ["top", id, "--once", "--json"],
            ["show", dump, "--json"] })
        {
            var run = ToolRun.Run(command);
            run.ExitCode.Should().BeOneOf([0, 1], $"{string.Join(' ', command)}: {run.Errors}");
            run.Output.Where(IsRaw).Should().BeEmpty($"of '{string.Join(' ', command)}' nothing is for the terminal to act on");
            foreach (string line in run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var json = JsonDocument.Parse(line);
            }
        }
    }

    [Theory]
    [InlineData("says \"twice\"; and=%22 so\"on")]
    [InlineData("TWICE\"; and=")]
    [InlineData("\"")]
    public void A_text_with_quotation_marks_is_looked_for_as_it_is(string filter)
    {
        using var target = TargetProcess.Run("names");
        string id = target.Id.ToString(CultureInfo.InvariantCulture);
        var run = ToolRun.Run("ps", id, "--filter", filter, "--json", "--timeout", "60");
        run.ExitCode.Should().Be(0, run.Errors);
        using var json = JsonDocument.Parse(run.Output);
        var found = json.RootElement.GetProperty("tasks").EnumerateArray().Select(static one => one.GetProperty("name").GetString()!).ToList();
        found.Should().NotBeEmpty();
        found.Should().OnlyContain(static name => name.StartsWith("says \"twice\"", StringComparison.Ordinal));

        var none = ToolRun.Run("ps", id, "--name", "no\"such", "--timeout", "60");
        none.ExitCode.Should().Be(2, none.Output + none.Errors);
        none.Errors.Should().Contain("There is no loop 'no\"such'");
    }

    [Fact]
    public async Task Output_that_is_read_slowly_arrives_whole_before_the_tool_ends()
    {
        using var target = TargetProcess.Run("names");
        string id = target.Id.ToString(CultureInfo.InvariantCulture);
        using var tool = System.Diagnostics.Process.Start(Programs.Start("EventLoop.Tool", ["top", id, "--count", "1", "--json"]))!;
        try
        {
            // More than a pipe holds: while nobody reads, the tool is in the middle of it.
            bool hasEnded = tool.WaitForExit(3_000);
            string output = await tool.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

            hasEnded.Should().BeFalse("it had not written everything");
            output.Length.Should().BeGreaterThan(65_536);
            using var json = JsonDocument.Parse(output);
            tool.WaitForExit(60_000).Should().BeTrue();
            tool.ExitCode.Should().Be(0);
        }
        finally
        {
            tool.Kill();
        }
    }

    // Control characters but for the end of a line, directions of writing, what is not seen, halves of pairs.
    private static bool IsRaw(char c) => c != '\n' && char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;
}
