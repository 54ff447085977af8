using System.Diagnostics;
using System.Text.Json;

namespace EventLoop.Benchmarks.Comparison;

/// <summary>Runs one plan in a process of its own and counts its threads from outside.</summary>
internal static class ChildProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(10);

    public static Measurement Measure(Plan plan)
    {
        using Process process = Start("Comparison", "--measure");
        try
        {
            process.StandardInput.WriteLine(JsonSerializer.Serialize(plan));
            process.StandardInput.Close();
            int threads = 0;
            for (long start = Stopwatch.GetTimestamp(); !process.WaitForExit(BetweenLooks);)
            {
                threads = Math.Max(threads, CountThreads(process));
                if (Stopwatch.GetElapsedTime(start) > Patience)
                {
                    throw new TimeoutException($"{plan} was not done within {Patience.TotalMinutes} minutes.");
                }
            }

            // One line: it fits into the pipe, whenever it is read.
            string output = process.StandardOutput.ReadToEnd();
            return process.ExitCode == 0
                ? JsonSerializer.Deserialize<Measurement>(output, Measurement.Json)! with { Threads = threads }
                : throw new InvalidOperationException($"{plan} ended with exit code {process.ExitCode}.");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    /// <summary>A program that was built into the folder of this one, with pipes for its standard input and output.</summary>
    public static Process Start(string name, params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, name + ".dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;

    private static int CountThreads(Process process)
    {
        try
        {
            return Directory.EnumerateDirectories($"/proc/{process.Id}/task").Count();
        }
        catch (IOException)
        {
            return 0;   // it has just ended
        }
    }
}
