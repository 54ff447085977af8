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
