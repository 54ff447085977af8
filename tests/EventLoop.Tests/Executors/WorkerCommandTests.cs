using System.Runtime.CompilerServices;
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
}
