namespace EventLoop.Samples.Tests;

/// <summary>A sample as a user starts it: a process of its own.</summary>
internal static class Sample
{
    internal static RunResult<string> Run(string name, params string[] arguments) => Loop.Run(
        async Coroutine<RunResult<string>> () => await Loop.WaitFor(
            Subprocess.RunAndCaptureTextAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, $"{name}.dll"), .. arguments]), TimeSpan.FromMinutes(3)),
        new LoopOptions { HandleInterrupt = false });
}
