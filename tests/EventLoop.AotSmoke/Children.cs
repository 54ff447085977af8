using System.Runtime.InteropServices;

namespace EventLoop.AotSmoke;

/// <summary>Child processes and signals; only the epoll poller has the first.</summary>
internal static class Children
{
    internal static async Coroutine ProcessAsync()
    {
        try
        {
            var result = await Subprocess.RunAndCaptureTextAsync(ProcessCommand.Shell("cat; echo error >&2; exit 3"), "input");
            Check.That(result is { StandardOutput: "input", ExitStatus.ExitCode: 3 } && result.StandardError.Trim() == "error", "what a child said and how it ended");
            await using var child = await Subprocess.StartAsync("sleep", "60");
            Check.That((await child.StopAsync()).Signal == PosixSignal.SIGTERM, "a child that is stopped");
            var there = await Subprocess.RunAndCaptureTextAsync(new ProcessCommand("pwd") { WorkingDirectory = "/usr" });
            Check.That(there.StandardOutput.Trim() == "/usr", "a child in another directory");
        }
        catch (PlatformNotSupportedException refused) when (refused.Message.Contains("epoll", StringComparison.Ordinal))
        {
            // The portable poller.
        }
    }

    internal static async Coroutine SignalAsync()
    {
        using var listener = Signals.Listen(PosixSignal.SIGWINCH);
        await Loop.ToThread(static () => System.Diagnostics.Process.Start("kill", ["-WINCH", $"{Environment.ProcessId}"]).WaitForExit());
        Check.That(await listener.ReceiveAsync() == PosixSignal.SIGWINCH, "a signal that came");
    }

    // No function of native code is found by its name: said so, and nothing is started.
    internal static async Coroutine WorkerAsync()
    {
        try
        {
            await using var pool = new ProcessExecutor(new ProcessExecutorOptions { Workers = 1 });
            await pool.Run(static x => x + 1, 1);
            Check.That(false, "work for another process is refused");
        }
        catch (PlatformNotSupportedException)
        {
            // As it is to be.
        }
    }
}
