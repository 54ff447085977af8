namespace EventLoop.Tests.Processes;

/// <summary>Files whose opening waits until somebody has the other end.</summary>
public sealed class SubprocessFifoTests : ProcessTest
{
    [Fact]
    public void A_FIFO_for_the_input_that_nobody_writes_to_holds_up_no_other_start() => RunProcesses(async () =>
    {
        string path = await Make();
        var reading = Loop.CreateTask(Subprocess.ReadTextAsync(new ProcessCommand("cat") { Input = Stdio.File(path) }));
        (await Subprocess.ReadTextAsync("echo", "other")).Should().Be("other\n");
        reading.IsCompleted.Should().BeFalse();
        (await Subprocess.RunAsync(Sh("echo hello > \"$1\"", path))).IsSuccess.Should().BeTrue();
        (await reading).Should().Be("hello\n");
        File.Delete(path);
    });

    [Fact]
    public void A_FIFO_for_the_output_that_nobody_reads_holds_up_no_other_start() => RunProcesses(async () =>
    {
        string path = await Make();
        var writing = Loop.CreateTask(Subprocess.RunAsync(new ProcessCommand("echo", "hello") { Output = Stdio.File(path) }));
        (await Subprocess.ReadTextAsync("echo", "other")).Should().Be("other\n");
        writing.IsCompleted.Should().BeFalse();
        (await Subprocess.ReadTextAsync("cat", path)).Should().Be("hello\n");
        (await writing).IsSuccess.Should().BeTrue();
        File.Delete(path);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_start_that_is_cancelled_while_it_waits_for_the_other_end_leaves_nothing(bool isOutput) => RunProcesses(async () =>
    {
        string path = await Make();
        var command = isOutput ? new ProcessCommand("echo") { Output = Stdio.File(path) } : new ProcessCommand("cat") { Input = Stdio.File(path) };
        for (int yields = 0; yields < 6; yields++)
        {
            var starting = Loop.CreateTask(Subprocess.StartAsync(command));
            await Yields(yields);
            if (yields % 2 == 1)
            {
                await Subprocess.RunAsync("true");      // by now it waits
            }

            starting.Cancel();
            (await Catch(starting)).Should().BeOfType<LoopCanceledException>();
        }

        while (Openings() > 0 || Holds(path))
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(5));
        }

        File.Delete(path);
    });

    [Fact]
    public void A_device_is_a_file_like_any_other() => RunProcesses(async () =>
    {
        var command = new ProcessCommand("cat") { Input = Stdio.File("/dev/null"), Output = Stdio.File("/dev/null") };
        (await Subprocess.RunAsync(command)).IsSuccess.Should().BeTrue();
    });

    private static async Coroutine<string> Make()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        (await Subprocess.RunAsync("mkfifo", path)).IsSuccess.Should().BeTrue();
        return path;
    }

    // Threads by their names, of which the system keeps the beginning.
    private static int Openings() => Directory.EnumerateDirectories("/proc/self/task").Count(static task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("EventLoop openi", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    });

    private static bool Holds(string path) => Directory.EnumerateFileSystemEntries("/proc/self/fd").Any(entry => new FileInfo(entry).LinkTarget == path);
}
