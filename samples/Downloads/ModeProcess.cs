using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using EventLoop;

namespace Downloads;

/// <summary>Runs one mode in a process of its own, and watches it from outside.</summary>
internal sealed class ModeProcess(string mode, int concurrency, IReadOnlyList<Uri> addresses, string folder)
{
    /// <summary>The most threads that the process had at once, the runtime's own included.</summary>
    public int MostThreads { get; private set; }

    public async Coroutine<Measurement> RunAsync()
    {
        ProcessStartInfo start = SiblingProgram.Start(
            "Downloads", "--measure", mode, "--concurrency", $"{concurrency}", "--out", folder);
        using var process = Process.Start(start)!;
        LoopTask watching = Loop.CreateTask(WatchAsync(process), "watching the threads");
        try
        {
            string output = await ConverseAsync(process);
            return process.ExitCode switch
            {
                0 => JsonSerializer.Deserialize<Measurement>(output)!,
                130 => throw new LoopInterruptedException(),   // Ctrl-C reaches every process of a terminal, in any order
                143 => throw new LoopInterruptedException(PosixSignal.SIGTERM),
                var code => throw new ProcessFailedException($"The process of mode {mode} ended with exit code {code}."),
            };
        }
        finally
        {
            watching.Cancel();
            if (!process.HasExited)
                process.Kill();
            await Loop.Wait([watching]);   // its next look at the process must not come after the process is disposed
        }
    }

    private async Coroutine<string> ConverseAsync(Process process)
    {
        CancellationToken cancelled = Loop.CancellationToken;
        try
        {
            foreach (Uri address in addresses)
                await process.StandardInput.WriteLineAsync(address.AbsoluteUri.AsMemory(), cancelled);
            await process.StandardInput.WriteLineAsync();   // left open: should we be killed, the process notices and ends, too
            await process.StandardInput.FlushAsync(cancelled);
        }
        catch (IOException)
        {
            // It ended before it had read them all. Its exit code tells more.
        }
        string output = await process.StandardOutput.ReadToEndAsync(cancelled);
        await process.WaitForExitAsync(cancelled);
        return output;
    }

    private async Coroutine WatchAsync(Process process)
    {
        while (!process.HasExited)
        {
            MostThreads = Math.Max(MostThreads, CountThreads(process));
            await Loop.Sleep(50);
        }
    }

    private static int CountThreads(Process process)
    {
        try
        {
            if (OperatingSystem.IsLinux())
                return Directory.EnumerateDirectories($"/proc/{process.Id}/task").Count();   // Threads would read a file for each
            process.Refresh();
            return process.Threads.Count;
        }
        catch (Exception) when (process.HasExited)
        {
            return 0;
        }
    }
}

internal sealed class ProcessFailedException(string message) : Exception(message);
