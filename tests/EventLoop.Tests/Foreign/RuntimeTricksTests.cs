using System.Diagnostics;
using System.Text.Json.Nodes;

namespace EventLoop.Tests.Foreign;

/// <summary>The library goes by some things that .NET does not promise. On a runtime where one is not so, it does without.</summary>
public sealed class RuntimeTricksTests : LoopTest
{
    private const string LeaveForeignAwaits = "EventLoop.LeaveForeignAwaits";

    [Fact]
    public void Contexts_flow_the_same_when_only_the_public_API_is_used() => RunWith(
        "EventLoop.UsePublicContexts",
        "-class", typeof(ExecutionContextTests).FullName!,
        "-class", typeof(Coroutines.CoroutineFlowTests).FullName!,
        "-class", typeof(Tasks.EagerTests).FullName!,
        "-class", typeof(Callbacks.PostTests).FullName!);

    [Fact]
    public void Where_code_runs_is_known_the_same_when_only_thread_statics_are_asked() => RunWith(
        "EventLoop.UseThreadStatics",
        "-class", typeof(ExecutionContextTests).FullName!,
        "-class", typeof(Tasks.EagerTests).FullName!,
        "-class", typeof(Callbacks.PostTests).FullName!,
        "-class", typeof(Scheduling.InstrumentTests).FullName!);

    [Fact]
    public void The_probe_of_the_stacks_passes_here() => EventLoop.Scheduling.StackProbe.Passes(512, 64 * 1024).Should().BeTrue();

    [Fact]
    public void Without_the_names_of_callers_a_wait_that_takes_long_is_a_blocking_call_all_the_same() => RunWith(
        "EventLoop.TimeBlockingWaits", "-method", $"{typeof(RuntimeTricksTests).FullName}.{nameof(A_wait_that_takes_long_is_a_blocking_call)}");

    [Fact]
    public void A_wait_that_takes_long_is_a_blocking_call() => Loop.Run(
        static async () =>
        {
            using var never = new ManualResetEvent(false);
            FluentActions.Invoking(() => never.WaitOne()).Should().Throw<InvalidOperationException>().WithMessage("*would block the thread*");
        },
        new LoopOptions { BlockingCalls = BlockingCallPolicy.Throw });

    [Fact]
    public void The_name_of_a_caller_tells_a_lock_from_a_wait_here() => EventLoop.Reporting.BlockingWait.NamesAreTold.Value.Should().BeTrue();

    [Fact]
    public void A_switch_leaves_the_awaits_of_NET_tasks_alone() => RunWith(
        LeaveForeignAwaits, "-method", $"{typeof(RuntimeTricksTests).FullName}.{nameof(A_cancellation_ends_the_await_of_a_task_unless_the_switch_is_set)}");

    [Fact]
    public void A_cancellation_ends_the_await_of_a_task_unless_the_switch_is_set() => RunLoop(async () =>
    {
        bool isSet = AppContext.TryGetSwitch(LeaveForeignAwaits, out bool value)
            ? value
            : Environment.GetEnvironmentVariable("EVENTLOOP_LEAVE_FOREIGN_AWAITS") == "1";
        var source = new TaskCompletionSource();
        LoopTask task = Loop.CreateTask(async () => await source.Task);
        await Loop.Yield();
        task.Cancel();
        await Yields(10);

        task.IsCompleted.Should().Be(!isSet);
        source.SetResult();
        await Catch(task);
        task.IsCanceled.Should().Be(!isSet);
    });

    [Fact]
    public void The_probe_of_the_awaiters_passes_here() => EventLoop.Foreign.ForeignAwaiterProbe.Passes().Should().BeTrue();

    [Fact]
    public void Large_files_and_outputs_are_read_the_same_when_no_large_pages_are_asked_for() => RunWith(
        "EventLoop.UseSmallPages",
        "-method", $"{typeof(Processes.SubprocessTests).FullName}.{nameof(Processes.SubprocessTests.A_large_output_comes_whole_and_in_its_order)}",
        "-method", $"{typeof(Files.LoopFileTests).FullName}.{nameof(Files.LoopFileTests.A_file_of_many_megabytes_is_read_whole)}",
        "-method", $"{typeof(RuntimeTricksTests).FullName}.{nameof(Large_pages_are_asked_for_unless_the_switch_is_set)}");

    [Fact]
    public void Large_pages_are_asked_for_unless_the_switch_is_set()
    {
        bool isSet = AppContext.TryGetSwitch("EventLoop.UseSmallPages", out bool value) && value;
        EventLoop.Scheduling.LargePages.NewArray(9 << 20).Should().HaveCount(9 << 20);
        Assert.SkipUnless(isSet || Directory.Exists("/sys/kernel/mm/transparent_hugepage"), "this system has no large pages");

        EventLoop.Scheduling.LargePages.IsOn.Should().Be(!isSet);
    }

    private static void RunWith(string name, params string[] selection)
    {
        string tests = typeof(RuntimeTricksTests).Assembly.Location;
        var configuration = JsonNode.Parse(File.ReadAllText(Path.ChangeExtension(tests, ".runtimeconfig.json")))!;
        configuration["runtimeOptions"]!["configProperties"]![name] = true;
        string changed = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.runtimeconfig.json");
        File.WriteAllText(changed, configuration.ToJsonString());
        try
        {
            var start = new ProcessStartInfo("dotnet", ["exec", "--runtimeconfig", changed, tests, .. selection]) { RedirectStandardOutput = true };

            using var process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();

            process.ExitCode.Should().Be(0, output);
            output.Should().MatchRegex("Total: [1-9][0-9]*, Errors: 0, Failed: 0");
        }
        finally
        {
            File.Delete(changed);
        }
    }
}
