using EventLoop.Processes;
using static EventLoop.Tests.Processes.SubprocessTests;

namespace EventLoop.Tests.Processes;

public sealed class SubprocessStartTests : ProcessTest
{
    [Fact]
    public void A_missing_program_or_directory_is_named() => RunProcesses(async () =>
    {
        (await Failure<FileNotFoundException>(async () =>
            await Subprocess.RunAsync("no-such-program-at-all"))).Message.Should().Contain("no-such-program-at-all");
        await Failure<FileNotFoundException>(async () => await Subprocess.RunAsync("/no/such/program"));
        (await Failure<DirectoryNotFoundException>(async () => await Subprocess.RunAsync(new ProcessCommand("true") { WorkingDirectory = "/no/such/folder" })))
            .Message.Should().Contain("/no/such/folder");
        await Failure<DirectoryNotFoundException>(async () => await Subprocess.RunAsync(new ProcessCommand("true") { WorkingDirectory = "/etc/passwd" }));
        await Failure<FileNotFoundException>(async () => await Subprocess.StartDetachedAsync(new ProcessCommand("/no/such/program")));
    });

    [Fact]
    public void A_directory_and_what_is_not_executable_are_refused() => RunProcesses(async () =>
    {
        await Failure<UnauthorizedAccessException>(async () => await Subprocess.RunAsync("/etc"));
        await Failure<UnauthorizedAccessException>(async () => await Subprocess.RunAsync("/etc/passwd"));
    });

    [Fact]
    public void A_script_without_an_interpreter_is_refused() => RunProcesses(async () =>
    {
        string path = Script("echo hello\n");
        (await Failure<IOException>(async () => await Subprocess.RunAsync(path))).Message.Should().Contain("#!");
        File.WriteAllText(path, "#!/no/such/interpreter\n");
        (await Failure<FileNotFoundException>(async () => await Subprocess.RunAsync(path))).Message.Should().Contain("interpreter");
        File.Delete(path);
    });

    [Fact]
    public void A_program_that_is_being_written_is_refused() => RunProcesses(async () =>
    {
        string path = Path.GetTempFileName();
        File.Copy("/bin/true", path, overwrite: true);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using (File.OpenHandle(path, FileMode.Open, FileAccess.Write))
        {
            await Failure<IOException>(async () => await Subprocess.RunAsync(path));
        }

        (await Subprocess.RunAsync(path)).IsSuccess.Should().BeTrue();
        File.Delete(path);
    });

    [Fact]
    public void Arguments_that_are_too_long_are_refused() => RunProcesses(async () =>
    {
        await Failure<IOException>(async () => await Subprocess.RunAsync("true", new string('x', 3_000_000)));
        await Failure<IOException>(async () => await Subprocess.RunAsync("true", Enumerable.Repeat(new string('x', 1000), 10_000)));
    });

    [Fact]
    public void A_zero_character_is_refused() => RunProcesses(async () =>
    {
        await Failure<ArgumentException>(async () => await Subprocess.RunAsync("true", "a\0b"));
        await Failure<ArgumentException>(async () => await Subprocess.RunAsync("tr\0ue"));
        await Failure<ArgumentException>(async () =>
            await Subprocess.RunAsync(new ProcessCommand("true") { Environment = new Dictionary<string, string?> { ["A"] = "\0" } }));
    });

    [Fact]
    public void The_PATH_that_is_searched_is_the_childs() => RunProcesses(async () =>
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string path = Path.Combine(folder, "only-here");
        File.Move(Script("#!/bin/sh\necho found\n"), path);
        var command = new ProcessCommand("only-here") { Environment = new Dictionary<string, string?> { ["PATH"] = $"/none:{folder}:/usr/bin:/bin" } };
        (await Subprocess.ReadTextAsync(command)).Should().Be("found\n");
        (await Subprocess.ReadTextAsync(new ProcessCommand("./only-here") { WorkingDirectory = folder })).Should().Be("found\n");
        (await Subprocess.ReadTextAsync(new ProcessCommand("echo", "x") { ClearEnvironment = true })).Should().Be("x\n");
        Directory.Delete(folder, recursive: true);
    });

    [Fact]
    public void A_handle_that_is_closed_is_refused() => RunProcesses(async () =>
    {
        var file = File.OpenHandle("/etc/passwd");
        file.Dispose();
        await Failure<ObjectDisposedException>(async () => await Subprocess.RunAsync(new ProcessCommand("cat") { Input = Stdio.Handle(file) }));
    });

    [Fact]
    public void A_file_that_cannot_be_opened_is_named() => RunProcesses(async () =>
    {
        (await Failure<FileNotFoundException>(async () =>
            await Subprocess.RunAsync(new ProcessCommand("cat") { Input = Stdio.File("/no/such/file") }))).Message.Should().Contain("/no/such/file");
        await Failure<IOException>(async () => await Subprocess.RunAsync(new ProcessCommand("cat") { Output = Stdio.File("/etc") }));
    });

    [Fact]
    public void Where_no_more_processes_are_allowed_the_limits_are_named()
    {
        const int again = 11;
        CommandPreparation.Explain(new ProcessCommand("make"), again, null).Should().BeOfType<IOException>()
            .Which.Message.Should().Contain("'make'").And.Contain("no more processes").And.Contain("RLIMIT_NPROC");
    }

    [Fact]
    public void Failed_starts_leave_no_descriptors() => RunProcesses(async () =>
    {
        var command = new ProcessCommand("/no/such/program") { Input = Stdio.Pipe, Output = Stdio.Pipe, Error = Stdio.Pipe };
        await Failure<FileNotFoundException>(async () => await Subprocess.StartAsync(command));
        int before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        for (int i = 0; i < 20; i++)
        {
            await Failure<FileNotFoundException>(async () => await Subprocess.StartAsync(command));
        }

        Directory.GetFileSystemEntries("/proc/self/fd").Length.Should().BeLessThan(before + 15);
    });

    [Fact]
    public void A_command_is_shown_as_it_could_be_typed() =>
        new ProcessCommand("git", "commit", "-m", "it's", "").ToString().Should().Be("git commit -m 'it'\\''s' ''");

    private static string Script(string text)
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
