using System.Text.Json;
using EventLoop.Diagnostics;

namespace EventLoop.Tests.Diagnostics;

public sealed class DumpTests : LoopTest
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"eventloop-dumps-{Guid.NewGuid():N}");

    private FileInfo[] Files => Directory.Exists(folder) ? new DirectoryInfo(folder).GetFiles("*.eldump") : [];

    private protected override void CleanUp()
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_dump_is_lines_of_JSON_the_first_of_which_says_what_follows() => RunLoop(async () =>
    {
        var watching = Loop.Current.Diagnostics;
        watching.EndedTasksKept = 10;
        watching.Recorder.Start();
        await Loop.CreateTask(async () => await Loop.Yield(), "gone\n");
        var bytes = new MemoryStream();
        watching.Dump(bytes);

        string[] lines = System.Text.Encoding.UTF8.GetString(bytes.ToArray()).TrimEnd('\n').Split('\n');
        var parsed = lines.Select(static line => JsonDocument.Parse(line).RootElement).ToList();
        parsed[0].GetProperty("v").GetInt32().Should().Be(1);
        parsed[0].GetProperty("follows").EnumerateArray().Select(static part => part.GetString()).Should().Equal("snapshot", "ended", "recording", "events");
        LoopSnapshot.ReadJson(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(lines[1]))).TaskCount.Should().Be(1);
        parsed[2].GetProperty("ended")[0].GetProperty("name").GetString().Should().Be("gone\n");
        parsed[3].GetProperty("recording").GetProperty("count").GetInt32().Should().BeGreaterThan(0);
        parsed[4].GetProperty("events").GetArrayLength().Should().BeGreaterThan(0);
    });

    [Fact]
    [RealTime("files are written on a thread of their own")]
    public void What_nobody_handles_leaves_a_dump_that_only_its_owner_can_read() => RunLoop(async () =>
    {
        using var on = Loop.Current.Diagnostics.DumpOn(DumpCauses.UnhandledException, folder);
        Loop.Current.CallSoon(static () => throw new InvalidOperationException("lost"));
        Loop.Current.CallSoon(static () => throw new InvalidOperationException("lost, too"));
        for (int i = 0; i < 500 && !Files.Any(static file => file.Length > 0); i++)
        {
            await Loop.Sleep(10);
        }

        await Loop.Sleep(50);
        var file = Files.Should().ContainSingle("no more than one in ten seconds").Subject;
        file.Name.Should().Contain("unhandledexception");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(file.FullName).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    });

    [Fact]
    [RealTime("files are written on a thread of their own")]
    public void A_folder_that_cannot_be_written_is_logged_and_hurts_nobody() => RunLoop(async () =>
    {
        string file = Path.GetTempFileName();
        using var on = Loop.Current.Diagnostics.DumpOn(DumpCauses.UnhandledException, file);
        Loop.Current.CallSoon(static () => throw new InvalidOperationException("lost"));
        for (int i = 0; i < 500 && !Logger.Entries.Any(static entry => entry.ToString()!.Contains("dump", StringComparison.Ordinal)); i++)
        {
            await Loop.Sleep(10);
        }

        Logger.Entries.Should().Contain(static entry => entry.ToString()!.Contains("A dump could not be written", StringComparison.Ordinal));
        File.Delete(file);
    });

    [Theory]
    [InlineData("/usr/share/dotnet/dotnet", "/srv/Shop.Api.dll", "Shop.Api")]
    [InlineData("/srv/Shop.Api", "/srv/Shop.Api.dll", "Shop.Api")]
    [InlineData("/srv/Shop.Api.exe", "/srv/Shop.Api.dll", "Shop.Api")]
    [InlineData("/srv/Shop.Api", "/srv/Shop.Api", "Shop.Api")]
    [InlineData("/usr/share/dotnet/dotnet", "", "dotnet")]
    [InlineData(null, "", "")]
    public void A_process_is_called_by_its_program_also_under_dotnet_and_with_dots_in_its_name(string? path, string first, string name) =>
        ProgramName.Of(path, [first, "argument"]).Should().Be(name);

    [Fact]
    public void Of_many_named_loops_that_dump_each_keeps_its_own_files_and_the_last_dump_costs_what_the_first_did()
    {
        const int loops = 200, few = 40;      // with names of their own, of which the metrics of a process keep a thousand
        var written = new List<long>();
        for (int i = 0; i < loops; i++)
        {
            using var loop = new Loop(Options with { Name = $"own-{i}", Poller = PollerKind.Portable });
            var writer = new DumpWriter(loop, DumpCauses.All, folder, most: 2, static _ => { });
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int n = 0; n < 3; n++)
            {
                writer.WriteFile(DumpCauses.Quit, DateTime.UtcNow);
            }

            written.Add(GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Files.Should().HaveCount(2 * loops);
        written.TakeLast(few).Sum().Should().BeLessThan((long)(1.2 * written.Skip(few).Take(few).Sum()), "the files of the others are none of its business");
    }

    [Fact]
    public void A_loop_of_the_same_name_after_it_goes_on_with_its_files()
    {
        for (int i = 0; i < 5; i++)
        {
            using var loop = new Loop(Options with { Name = "again", Poller = PollerKind.Portable });
            new DumpWriter(loop, DumpCauses.All, folder, most: 3, static _ => { }).WriteFile(DumpCauses.Quit, DateTime.UtcNow);
            if (i == 1)
            {
                File.Delete(Files[0].FullName);      // by somebody else: it makes room
            }
        }

        Files.Should().HaveCount(3);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("made")]
    public void Loops_that_nobody_has_named_share_what_a_folder_holds(string? name)
    {
        for (int i = 0; i < 5; i++)
        {
            var options = Options with { Name = name is null ? null : $"{name}-{i}", Poller = PollerKind.Portable };
            using var loop = new Loop(options with { HasMadeName = name is not null });
            new DumpWriter(loop, DumpCauses.All, folder, most: 3, static _ => { }).WriteFile(DumpCauses.Quit, DateTime.UtcNow);
        }

        Files.Should().HaveCount(3);
    }

    private string Leave(string name, int hour, string? program = null, int? process = null)
    {
        string path = Path.Combine(folder, name);
        string head = JsonSerializer.Serialize(new { v = 1, kind = "dump", pid = process ?? Gone, process = program ?? ProgramName.Value });
        File.WriteAllText(path, head + "\n{}\n");
        File.SetLastWriteTimeUtc(path, new DateTime(2026, 1, 1, hour, 0, 0, DateTimeKind.Utc));
        return name;
    }

    private const int Gone = int.MaxValue;      // no system has so many processes

    [Theory]
    [InlineData("kept", "kept", "kept-2")]
    [InlineData(null, "loop-5", "orders")]
    [InlineData(null, "loop-5-1", "loop-x")]
    public void What_earlier_runs_of_the_program_have_left_counts_and_goes_first_and_what_is_anybody_elses_stays(string? name, string mine, string notMine)
    {
        Directory.CreateDirectory(folder);
        Leave($"{mine}-{Gone}-20260101T000000000-1-stall.eldump", 3);
        Leave($"{mine}-{Gone}-20260101T000000000-2-quit.eldump", 1);
        string latest = Leave($"{mine}-{Environment.ProcessId}-20260101T000000000-3-deadlock.eldump", 4, process: Environment.ProcessId);
        Leave($"{mine}-{Gone}-20260101T000000000-4-stall.eldump", 2);
        string[] others =
        [
            Leave($"{notMine}-{Gone}-20260101T000000000-1-stall.eldump", 1),
            Leave($"{mine}-{Gone}-20260101T000000000-5-stall.eldump", 1, "another program"),
            Leave($"{mine}-{Gone}-20260101T000000000-6-stall.eldump", 1, process: 4711),
            Leave($"{mine}-{Gone}-20260101T000000000-7-other.eldump", 1),
            Leave($"{mine}-{Gone}-somewhen-8-stall.eldump", 1),
            Leave($"{mine}-mine.eldump", 1),
            Leave($"{mine}-{Gone}-20260101T000000000-9-stall.txt", 1),
        ];
        using var loop = new Loop(Options with { Name = name, Poller = PollerKind.Portable });
        var writer = new DumpWriter(loop, DumpCauses.All, folder, most: 3, static _ => { });
        writer.WriteFile(DumpCauses.Quit, DateTime.UtcNow);
        writer.WriteFile(DumpCauses.Quit, DateTime.UtcNow);

        var left = new DirectoryInfo(folder).GetFiles().Select(static file => file.Name).ToList();
        left.Should().Contain(others).And.Contain(latest).And.HaveCount(others.Length + 3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_a_process_has_written_that_runs_stays_and_what_is_older_than_it_is_of_an_earlier_one_of_its_number(bool isOlder)
    {
        Directory.CreateDirectory(folder);
        using var other = System.Diagnostics.Process.Start("sleep", "600");
        try
        {
            string theirs = Leave($"alive-{other.Id}-20260101T000000000-1-stall.eldump", 1, process: other.Id);
            File.SetLastWriteTimeUtc(Path.Combine(folder, theirs), DateTime.UtcNow.AddMinutes(isOlder ? -5 : 0));
            using var loop = new Loop(Options with { Name = "alive", Poller = PollerKind.Portable });
            new DumpWriter(loop, DumpCauses.All, folder, most: 1, static _ => { }).WriteFile(DumpCauses.Quit, DateTime.UtcNow);

            Files.Select(static file => file.Name).Contains(theirs).Should().Be(!isOlder);
            Files.Should().HaveCount(isOlder ? 1 : 2);
        }
        finally
        {
            other.Kill();
            other.WaitForExit(TimeSpan.FromSeconds(10)).Should().BeTrue();
        }
    }
}
