using System.Text;

namespace EventLoop.Samples.Tests;

/// <summary>A sample as a user starts it: a process of its own.</summary>
internal static class Sample
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly LoopOptions Options = new() { HandleInterrupt = false };

    internal static RunResult<string> Run(string name, params string[] arguments) => Loop.Run(
        async Coroutine<RunResult<string>> () => await Loop.WaitFor(Subprocess.RunAndCaptureTextAsync(Command(name, arguments)), Patience), Options);

    /// <summary>Starts it, sends it SIGTERM as soon as its output has a line with <paramref name="text"/>, and reads on to its end.</summary>
    internal static RunResult<string> Terminate(string name, string text, params string[] arguments) => Terminate(name, text, null, arguments);

    /// <inheritdoc cref="Terminate(string, string, string[])"/>
    /// <param name="until">What has to be true of the process as well.</param>
    internal static RunResult<string> Terminate(string name, string text, Func<int, bool>? until, params string[] arguments) => Loop.Run(
        async Coroutine<RunResult<string>> () => await Loop.WaitFor(
            async Coroutine<RunResult<string>> () =>
            {
                await using var process = await Subprocess.StartAsync(Command(name, arguments) with { Output = Stdio.Pipe, Error = Stdio.Pipe });
                var errors = Loop.CreateTask(process.Error.ReadTextAsync());
                var output = new StringBuilder();
                bool isTold = false;
                await foreach (string line in process.Output.ReadLinesAsync())
                {
                    output.AppendLine(line);
                    if (!isTold && line.Contains(text, StringComparison.Ordinal))
                    {
                        while (until is not null && !until(process.Id))
                        {
                            await Loop.Sleep(20);
                        }

                        isTold = process.Terminate();
                    }
                }

                return new RunResult<string>(await process.WaitAsync(), output.ToString(), await errors, process.Id);
            },
            Patience),
        Options);

    internal static ProcessCommand Command(string name, params string[] arguments) =>
        new("dotnet", [Path.Combine(AppContext.BaseDirectory, $"{name}.dll"), .. arguments]) { Input = Stdio.Null };
}
