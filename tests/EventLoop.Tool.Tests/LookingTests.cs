using System.Globalization;
using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tool.Tests;

/// <summary>One target for all: they only look.</summary>
public sealed class MixedTarget : IDisposable
{
    private readonly TargetProcess target = TargetProcess.Run("mix");

    public string Id => target.Id.ToString(CultureInfo.InvariantCulture);

    public void Dispose() => target.Dispose();
}

public sealed class LookingTests(MixedTarget target) : IClassFixture<MixedTarget>, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eventloop-tool-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string In(string name) => Path.Combine(folder, name);

    [Fact]
    public void Of_two_hundred_tasks_each_one_that_waits_for_ever_is_named_with_why_by_one_command()
    {
        var run = ToolRun.Run("ps", target.Id);

        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.Should().Contain("sleep").And.Contain("Work.Idle").And.MatchRegex("19[01] x waiting")
            .And.Contain("future 'answer'").And.Contain("report in Work.Hold")
            .And.Contain("lock 'orders' (held by task 'report')")
            .And.Contain("event 'bell'")
            .And.MatchRegex("read from 127.0.0.1:[0-9]+ +feed in .*Work.Read")
            .And.Contain("work in an executor")
            .And.Contain("task group 'server' (1 child)")
            .And.Contain("CYCLE: a #").And.Contain("ERROR Deadlock").And.Contain("WARNING LockConvoy");
        run.Output.Should().NotContain("\u001b").And.NotContain("\u202e").And.Contain("foreign\\u001B[31m\\u202E",
            "what comes from the target never reaches a terminal raw");
    }

    [Fact]
    public void Each_command_has_JSON()
    {
        var run = ToolRun.Run("ps", target.Id, "--json", "--filter", "order-881");
        run.ExitCode.Should().Be(0, run.Errors);
        var snapshot = LoopSnapshot.ReadJson(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(run.Output)));
        snapshot.Tasks.Should().ContainSingle().Which.Waits[0].Name.Should().Be("orders");
        snapshot.TaskCount.Should().BeGreaterThan(200);

        var doctor = ToolRun.Run("doctor", target.Id, "--json");
        doctor.ExitCode.Should().Be(1, "it has found something");
        using var findings = JsonDocument.Parse(doctor.Output);
        findings.RootElement.GetProperty("findings").EnumerateArray().Select(static one =>
            one.GetProperty("kind").GetString()).Should().Contain(["Deadlock", "LockConvoy"]);

        using var list = JsonDocument.Parse(ToolRun.Run("list", "--json", "--timeout", "10").Output);
        list.RootElement.GetProperty("processes").EnumerateArray().Select(static one =>
            one.GetProperty("pid").GetInt32()).Should().Contain(int.Parse(target.Id, CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Trees_draw_who_started_whom_and_who_waits_for_whom()
    {
        string owner = ToolRun.Run("pstree", target.Id).Output;
        owner.Should().Contain("group 'server'").And.Contain("└─ child #").And.Contain("190 x Work.Idle  sleep");
        string wait = ToolRun.Run("pstree", target.Id, "--by", "await").Output;
        wait.Should().MatchRegex("a #[0-9]+.*──▶ b #[0-9]+  CYCLE");
    }

    [Fact]
    public void A_dump_holds_what_ps_shows_the_ended_tasks_and_the_frames_and_overwrites_nothing()
    {
        string file = In("hung.eldump");
        var dump = ToolRun.Run("dump", target.Id, "--frames", "-o", file);
        dump.ExitCode.Should().Be(0, dump.Errors);
        dump.Output.Should().Contain("EpollPoller");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        ToolRun.Run("show", file).Output.Should().Contain("lock 'orders'").And.Contain("LoopCore.Run");
        ToolRun.Run("show", file, "--ended").Output.Should().Contain("cancelled  canceled").And.Contain("task 'main' #1 -> #").And.Contain("\"enough\"");
        ToolRun.Run("pstree", file, "--by", "await").Output.Should().Contain("CYCLE");
        ToolRun.Run("dump", target.Id, "-o", file).ExitCode.Should().Be(2);
    }

    [Fact]
    public void Only_a_task_that_nothing_can_wake_is_a_leak()
    {
        var run = ToolRun.Run("doctor", target.Id, "--leaks", "--json", "--timeout", "60");
        using var json = JsonDocument.Parse(run.Output);
        var leak = json.RootElement.GetProperty("findings").EnumerateArray().Where(static one =>
            one.GetProperty("kind").GetString() == "NeverWakes").Should().ContainSingle().Subject;

        leak.GetProperty("count").GetInt32().Should().Be(1);
        leak.GetProperty("method").GetString().Should().Contain("Work.Ring");
    }

    [Fact]
    public async Task Two_tools_at_once_get_an_answer_each()
    {
        var both = await Task.WhenAll(ToolRun.StartAsync("ps", target.Id, "--filter", "report"), ToolRun.StartAsync("ps", target.Id, "--filter", "order-881"));

        both[0].Output.Should().Contain("future 'answer'").And.NotContain("order-881 in");
        both[1].Output.Should().Contain("lock 'orders'").And.NotContain("report in");
    }

    [Fact]
    public void Top_says_how_late_the_loop_is()
    {
        var top = ToolRun.Run("top", target.Id, "--once", "--timeout", "60");
        top.ExitCode.Should().Be(0, top.Errors);
        top.Output.Should().MatchRegex("busy .*, delay [0-9.]+(us|ms|s) \\(99 % below [0-9.]+(us|ms|s), most ");
    }

    [Fact]
    public void A_recording_that_is_taken_for_a_dump_is_told_apart_with_what_shows_it()
    {
        string file = In("idle.elrec");
        ToolRun.Run("record", target.Id, "--for", "200ms", "-o", file, "--timeout", "60").Output.Should().Contain($"eventloop web {file}");
        foreach (string command in new[] { "ps", "show", "doctor" })
        {
            var run = ToolRun.Run(command, file);
            run.ExitCode.Should().Be(2);
            run.Errors.Should().Contain("is a recording").And.Contain("eventloop web");
        }

        File.WriteAllText(In("cut.elrec"), "{\"v\":1,\"kind\":\"recording\"");
        File.WriteAllText(In("newer.elrec"), "{\"v\":99,\"kind\":\"recording\"}\n");
        ToolRun.Run("web", In("cut.elrec")).Errors.Should().Contain("damaged");
        ToolRun.Run("web", In("newer.elrec")).Errors.Should().Contain("newer");
        ToolRun.Run("web", In("nothing.elrec")).ExitCode.Should().Be(2);
    }

    [Theory]
    [InlineData("""{"v":1,"loopId":1,"tasks":[7]}""")]
    [InlineData("""{"v":1,"loopId":1,"takenAt":"x","tasks":[]}""")]
    public void A_dump_that_is_JSON_of_another_shape_is_damaged_and_not_the_tool(string snapshot)
    {
        string file = In("odd.eldump");
        File.WriteAllText(file, "{\"v\":1,\"kind\":\"dump\"}\n" + snapshot + "\n");
        foreach (string command in new[] { "show", "pstree" })
        {
            var run = ToolRun.Run(command, file);
            run.ExitCode.Should().Be(2);
            run.Errors.Should().Contain("damaged").And.NotContain("   at ");
        }
    }

    [Theory]
    [InlineData("top PID | head -n 1")]
    [InlineData("ps PID --all | head -n 1")]
    [InlineData("ps PID --json | head -c 1", "{")]
    [InlineData("doctor PID --json | head -c 1", "{")]
    [InlineData("ps PID >&-")]
    public void Who_reads_the_output_and_goes_or_was_never_there_ends_the_command_without_a_stack(string command, string? first = null)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "pipes of a shell");
        var run = ToolRun.RunShell($"dotnet '{Programs.PathOf("EventLoop.Tool")}' {command.Replace("PID", target.Id, StringComparison.Ordinal)}");
        run.Errors.Should().NotContain("   at ").And.NotContain("pipe");
        run.ExitCode.Should().BeOneOf(0, 2);
        (first ?? run.Output).Should().Be(run.Output, "no mark of the encoding comes before it");
    }

    [Fact]
    public void What_is_asked_wrongly_is_told()
    {
        ToolRun.Run("nonsense").ExitCode.Should().Be(2);
        ToolRun.Run("ps").ExitCode.Should().Be(2);
        ToolRun.Run("ps", target.Id, "--most", "x").ExitCode.Should().Be(2);
        ToolRun.Run("ps", target.Id, "--nonsense").ExitCode.Should().Be(2);
        ToolRun.Run("ps", In("nothing.eldump")).ExitCode.Should().Be(2);
        ToolRun.Run("ps", "2147483600").ExitCode.Should().Be(3);
        ToolRun.Run("ps", "0").ExitCode.Should().Be(3);
        ToolRun.Run("ps", target.Id, "another").ExitCode.Should().Be(2);
        var nameless = ToolRun.Run("dump", target.Id, "-o", "");
        nameless.ExitCode.Should().Be(2);
        nameless.Errors.Should().NotContain("   at ");
        ToolRun.Run("--help").Output.Should().Contain("pstree");
        ToolRun.Run("completion", "bash").Output.Should().Contain("complete -W");
    }
}
