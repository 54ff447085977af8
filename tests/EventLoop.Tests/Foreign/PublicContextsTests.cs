using System.Diagnostics;
using System.Text.Json.Nodes;

namespace EventLoop.Tests.Foreign;

/// <summary>The loop reads .NET's contexts where they lie. On a runtime that keeps them elsewhere it goes by the public API, and nobody must see a difference.</summary>
public sealed class PublicContextsTests
{
    [Fact]
    public void Contexts_flow_the_same_when_only_the_public_API_is_used()
    {
        string tests = typeof(PublicContextsTests).Assembly.Location;
        var configuration = JsonNode.Parse(File.ReadAllText(Path.ChangeExtension(tests, ".runtimeconfig.json")))!;
        configuration["runtimeOptions"]!["configProperties"]!["EventLoop.UsePublicContexts"] = true;
        string changed = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.runtimeconfig.json");
        File.WriteAllText(changed, configuration.ToJsonString());
        try
        {
            string[] classes = [typeof(ExecutionContextTests).FullName!, typeof(Coroutines.CoroutineFlowTests).FullName!, typeof(Tasks.EagerTests).FullName!, typeof(Callbacks.PostTests).FullName!];
            var start = new ProcessStartInfo("dotnet", ["exec", "--runtimeconfig", changed, tests, .. classes.SelectMany(static name => new[] { "-class", name })]) { RedirectStandardOutput = true };

            using var process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();

            process.ExitCode.Should().Be(0, output);
            output.Should().MatchRegex("Total: [1-9][0-9]+, Errors: 0, Failed: 0");
        }
        finally
        {
            File.Delete(changed);
        }
    }
}
