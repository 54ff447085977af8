using EventLoop.Tests.Executors;

namespace EventLoop.Tests.Processes;

/// <summary>A system without a shell, as images of containers are: a worker with a file tree of its own.</summary>
public sealed class NoShellTests : ProcessTest
{
    // Its folders of programs are ones that have nothing but "true".
    private const string Hide = """
        cp /usr/bin/true "$0/true" && mount --bind "$0" /usr/bin && { [ -L /bin ] || mount --bind "$0" /bin; } && exec "$@"
        """;

    [Fact]
    public void Where_there_is_no_shell_what_needs_one_says_so_and_programs_start_all_the_same() => RunProcesses(async () =>
    {
        string program = Environment.ProcessPath!, assembly = typeof(NoShellTests).Assembly.Location;
        program = File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? program;
        var folder = Directory.CreateTempSubdirectory("programs");
        try
        {
            string[] hidden = ["--user", "--map-root-user", "--mount", "/bin/sh", "-c", Hide, folder.FullName];
            var probe = await Catch(Loop.CreateTask(Subprocess.RunAsync(new ProcessCommand("unshare", [.. hidden, "/usr/bin/true"])
            {
                Output = Stdio.Null,
                Error = Stdio.Null,
            }, check: true)));
            Assert.SkipWhen(probe is not null, "no namespaces of files may be made here");

            string[] own = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, assembly] : [program];
            await using var pool = new ProcessExecutor(new() { Workers = 1, WorkerCommand = WorkerCommandTests.AsWorker(new ProcessCommand("unshare", [.. hidden, .. own])) });
            var (hasShell, shell, guarded, code) = await pool.Run(Start);
            hasShell.Should().BeFalse();
            shell.Should().StartWith(nameof(FileNotFoundException)).And.Contain("/bin/sh").And.Contain("ProcessCommand.Shell");
            guarded.Should().StartWith(nameof(PlatformNotSupportedException)).And.Contain("KillOnParentExit needs /bin/sh");
            code.Should().Be(0);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    });

    private static (bool HasShell, string Shell, string Guarded, int Code) Start()
    {
        return Loop.Run(async Coroutine<(bool, string, string, int)> () =>
        {
            string shell = Told(await Catch(Loop.CreateTask(Subprocess.RunAsync(ProcessCommand.Shell("exit 0")))));
            string guarded = Told(await Catch(Loop.CreateTask(Subprocess.RunAsync(new ProcessCommand("true") { KillOnParentExit = true }))));
            return (File.Exists("/bin/sh"), shell, guarded, (await Subprocess.RunAsync("true")).ExitCode);
        });

        static string Told(Exception? failure) => $"{failure?.GetType().Name}: {failure?.Message}";
    }
}
