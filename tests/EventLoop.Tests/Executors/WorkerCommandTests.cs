using System.Runtime.CompilerServices;
using EventLoop.Executors;
using EventLoop.Tests.Processes;

namespace EventLoop.Tests.Executors;

/// <summary>Workers without the startup hook, as trimmed programs and those compiled ahead of time have them: their Main calls <see cref="WorkerProcess.Run"/>.</summary>
public sealed class WorkerCommandTests : ProcessTest
{
    private const string Variable = "EVENTLOOP_TESTS_WORKER_MAIN";

    // Stands for the beginning of Main.
    [ModuleInitializer]
    internal static void BeTheWorker()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not null && WorkerProcess.Run())
        {
            Environment.Exit(0);
        }
    }

    /// <summary>A command that starts the tests, as one of a worker.</summary>
    internal static ProcessCommand AsWorker(ProcessCommand tests) =>
        tests with { Environment = new Dictionary<string, string?> { [Variable] = "1", ["DOTNET_STARTUP_HOOKS"] = null } };

    [Fact]
    public void A_program_that_calls_WorkerProcess_Run_first_needs_no_startup_hook() => RunProcesses(async () =>
    {
        var command = AsWorker(new ProcessCommand("dotnet", typeof(WorkerCommandTests).Assembly.Location));
        await using var pool = new ProcessExecutor(new() { Workers = 1, WorkerCommand = command });
        (await pool.Run(static x => (x + 1, WorkerProcess.IsWorker), 1)).Should().Be((2, true));
        (await pool.Run(static () => Environment.ProcessId)).Should().NotBe(Environment.ProcessId);
        WorkerProcess.IsWorker.Should().BeFalse();
    });

    [Fact]
    public void A_worker_finds_what_the_host_of_this_program_was_given_also_from_another_folder()
    {
        using var folder = new Folder();
        foreach (string name in (string[])["a.dll", "a.runtimeconfig.json", "a.deps.json", "more.deps.json"])
        {
            File.WriteAllText(folder.File(name), "");
        }

        string here = Path.GetDirectoryName(folder.File("a.dll"))!;
        string[] given =
        [
            "dotnet", "exec", "--runtimeconfig", "a.runtimeconfig.json", "--depsfile", "./a.deps.json", "--additionalprobingpath", ".",
            "--roll-forward", "Major", "--additional-deps", "more.deps.json:missing.deps.json::/etc", "a.dll", "--runtimeconfig", "a.runtimeconfig.json",
        ];
        WorkerCommandLine.HostArguments(given, here).Should().Equal(
            "exec", "--runtimeconfig", folder.File("a.runtimeconfig.json"), "--depsfile", folder.File("a.deps.json"), "--additionalprobingpath", here,
            "--roll-forward", "Major", "--additional-deps", $"{folder.File("more.deps.json")}:missing.deps.json::/etc", folder.File("a.dll"));
    }

    [Theory]
    [InlineData("/usr/bin/dotnet", true)]
    [InlineData("/srv/dotnet.shop", false)]
    [InlineData("/srv/dotnet.d/shop", false)]
    public void Only_dotnet_itself_is_the_host_of_another_program(string path, bool isHost) => WorkerCommandLine.IsHost(path).Should().Be(isHost);
}
