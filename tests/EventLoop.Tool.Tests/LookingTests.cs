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
        list.RootElement.GetProperty("processes").EnumerateArray().Single(one => one.GetProperty("pid").GetInt32() == int.Parse(target.Id,
            CultureInfo.InvariantCulture)).GetProperty("loops")[0].GetProperty("isRunning").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public void JSON_of_files_tells_what_their_text_does()
    {
        using var dump = JsonDocument.Parse(ToolRun.Run("dump", target.Id, "--json", "-o", In("told.eldump"), "--timeout", "60").Output);
        dump.RootElement.GetProperty("ended").GetInt32().Should().BePositive();
        dump.RootElement.GetProperty("records").GetInt32().Should().Be(0);
        string[] lines = ToolRun.Run("show", In("told.eldump"), "--ended", "--json").Output.TrimEnd().Split('\n');
        using var ended = JsonDocument.Parse(lines.Should().HaveCount(2).And.Subject.Last());
        ended.RootElement.GetProperty("ended").EnumerateArray().Select(static one => one.GetProperty("name").GetString()).Should().Contain("cancelled");

        using var record = JsonDocument.Parse(ToolRun.Run("record", target.Id, "--json", "--for", "200ms", "-o", In("told.elrec"), "--timeout", "60").Output);
        record.RootElement.GetProperty("loop").GetString().Should().Be("loop-1");
        record.RootElement.GetProperty("duration").GetDouble().Should().Be(0.2);
        using var trace = JsonDocument.Parse(ToolRun.Run("trace", In("told.elrec"), "--json", "-o", In("told.pftrace")).Output);
        trace.RootElement.GetProperty("wakes").GetInt32().Should().BeGreaterThanOrEqualTo(0);
        trace.RootElement.GetProperty("longest").ValueKind.Should().Be(JsonValueKind.Array);
    }

    [Fact]
    public void A_loop_that_is_not_there_is_told_with_those_that_are_and_no_command_takes_that_for_health_or_leaves_a_file()
    {
        string[][] commands =
        [
            ["ps", target.Id], ["ps", target.Id, "--json"], ["pstree", target.Id], ["doctor", target.Id], ["top", target.Id, "--once"],
            ["dump", target.Id, "-o", In("none.eldump")], ["record", target.Id, "-o", In("none.elrec")], ["web", target.Id],
        ];
        foreach (string[] command in commands)
        {
            var run = ToolRun.Run([.. command, "--name", "typo", "--timeout", "60"]);
            run.ExitCode.Should().Be(2, $"{string.Join(' ', command)}: {run.Output}{run.Errors}");
            run.Errors.Should().Contain("There is no loop 'typo'").And.Contain("'loop-1' #1");
            run.Output.Should().BeEmpty();
        }

        Directory.GetFiles(folder).Should().BeEmpty();
    }

    [Fact]
    public void Of_a_dump_are_shown_the_loops_and_tasks_that_are_asked_for()
    {
        string file = In("two.eldump");
        using (var to = File.Create(file))
        {
            foreach (string name in new[] { "first", "second" })
            {
                Loop.Run(async () => await DumpThreeTasksAsync(to), new LoopOptions { Name = name });
            }
        }

        ToolRun.Run("show", file).Output.Should().Contain("loop 'first'").And.Contain("loop 'second'").And.MatchRegex("eventloop trace .* --name [0-9]+");
        foreach (string command in new[] { "show", "ps", "pstree", "doctor" })
        {
            var named = ToolRun.Run(command, file, "--name", "second");
            named.ExitCode.Should().Be(0, named.Errors);
            named.Output.Should().NotContain("first");
            var typo = ToolRun.Run(command, file, "--name", "typo");
            typo.ExitCode.Should().Be(2);
            typo.Errors.Should().Contain("There is no loop 'typo'").And.Contain("'first' #").And.Contain("'second' #");
        }

        var filtered = Snapshots(ToolRun.Run("show", file, "--json", "--name", "second", "--filter", "APPLE")).Should().ContainSingle().Subject;
        filtered.Tasks.Should().ContainSingle().Which.Name.Should().Be("apple");
        filtered.Bunches.Should().ContainSingle().Which.Count.Should().Be(1);
        filtered.TaskCount.Should().Be(4, "that is how many there were");
        Snapshots(ToolRun.Run("ps", file, "--json", "--most", "2")).Should().HaveCount(2).And.OnlyContain(static one => one.Tasks.Count == 2);
        ToolRun.Run("pstree", file, "--filter", "pear").Output.Should().Contain("pear").And.NotContain("apple");
        ToolRun.Run("web", file, "--name", "typo").ExitCode.Should().Be(2);
        ToolRun.Run("show", file, "--by", "nonsense").ExitCode.Should().Be(2);

        ToolRun.Run("trace", file, "-o", In("first.pftrace")).Output.Should().Contain("of loop 'first', one of 2 (--name chooses)");
        using var second = JsonDocument.Parse(ToolRun.Run("trace", file, "--name", "second", "--json", "-o", In("second.pftrace")).Output);
        second.RootElement.GetProperty("loop").GetString().Should().Be("second");
        ToolRun.Run("trace", file, "--name", "typo", "-o", In("typo.pftrace")).ExitCode.Should().Be(2);
    }

    private static IEnumerable<LoopSnapshot> Snapshots(ToolRun run) =>
        run.Output.TrimEnd().Split('\n').Select(static line => LoopSnapshot.ReadJson(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(line)))).ToList();

    private static async Coroutine DumpThreeTasksAsync(Stream to)
    {
        Loop.Current.Diagnostics.Recorder.Start();
        var tasks = new[] { "apple", "pear", "plum" }.Select(static name => Loop.CreateTask(static async () => await Loop.Sleep(3_600_000), name)).ToArray();
        await Loop.Yield();
        Loop.Current.Diagnostics.Dump(to);
        foreach (var task in tasks)
        {
            task.Cancel();
        }
    }

    [Fact]
    public void Doctor_that_has_something_to_say_does_not_say_that_nothing_looks_wrong()
    {
        string file = In("hint.eldump");
        File.WriteAllText(file, """
            {"v":1,"kind":"dump"}
            {"v":1,"loopId":1,"loopName":"calm","tasks":[],"findings":[{"kind":"Crowd","severity":"Info","message":"many wait","advice":"ask why","tasks":[]}]}
            """);
        var run = ToolRun.Run("doctor", file);
        run.ExitCode.Should().Be(0, run.Errors);
        run.Output.Should().Contain("many wait").And.NotContain("nothing looks wrong");
    }

    [Fact]
    public void A_tree_that_leaves_tasks_out_says_so()
    {
        ToolRun.Run("pstree", target.Id, "--most", "5").Output.Should().Contain("these are the 5 tasks that have stood longest; --all");
        ToolRun.Run("pstree", target.Id, "--all").Output.Should().NotContain("have stood longest");
    }

    [Fact]
    public void Top_shows_as_many_rounds_as_are_asked_for_each_with_what_happened_since_the_one_before()
    {
        string text = ToolRun.Run("top", target.Id, "--count", "2", "--interval", "100ms", "--timeout", "60").Output;
        text.Split('\n').Count(static line => line.Contains("(pid ", StringComparison.Ordinal)).Should().Be(2);
        text.Split("busy ").Should().HaveCount(3);
        string[] two = ToolRun.Run("top", target.Id, "--count", "2", "--interval", "100ms", "--json", "--timeout", "60").Output.TrimEnd().Split('\n');
        two.Should().HaveCount(2);
        string once = ToolRun.Run("top", target.Id, "--once", "--interval", "100ms", "--json", "--timeout", "60").Output.TrimEnd();
        foreach (string line in two.Append(once))
        {
            using var json = JsonDocument.Parse(line);
            json.RootElement.GetProperty("delay").ValueKind.Should().Be(JsonValueKind.Object);
        }
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
        leak.GetProperty("advice").GetString().Should().Contain("keep it");
        leak.GetProperty("tasks").GetArrayLength().Should().Be(0, "the heap does not tell which");
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
        foreach (string[] nothing in new string[][] { ["top", target.Id, "--count", "0"], ["top", target.Id, "--interval", "1ms"], ["ps", target.Id, "--loop"],
            ["top", target.Id, "--interval", "2m"], ["record", target.Id, "--capacity", "0"], ["web", target.Id, "--port", "70000"], ["list", "--name", "x"],
            ["doctor", target.Id, "--filter", "x"], ["ps", target.Id, "--all", "--most", "5"], ["ps", target.Id, "--bunches", "--all"],
            ["pstree", target.Id, "--all", "--most", "5"], ["top", target.Id, "--once", "--count", "5"], ["show", "none", "--bunches", "--by", "await"],
            ["show", "none", "--ended", "--filter", "x"], ["show", "none", "--ended", "--bunches"], ["doctor", target.Id, "--leaks", "--name", "loop-1"] })
        {
            var run = ToolRun.Run(nothing);
            run.ExitCode.Should().Be(2, string.Join(' ', nothing));
            run.Errors.Should().Contain(nothing[^1].StartsWith('-') ? nothing[^1] : nothing[^2]).And.NotContain("   at ");
        }

        var nameless = ToolRun.Run("dump", target.Id, "-o", "");
        nameless.ExitCode.Should().Be(2);
        nameless.Errors.Should().NotContain("   at ");
        ToolRun.Run("--help").Output.Should().Contain("pstree");
        ToolRun.Run("completion", "bash").Output.Should().Contain("complete -W").And.Contain("--capacity").And.Contain("--once");
    }
}
