using System.Diagnostics.Tracing;
using System.Globalization;
using EventLoop.Diagnostics;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Symbols;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Etlx;
using Microsoft.Diagnostics.Tracing.Stacks;

namespace EventLoop.Tool.Targets;

/// <summary>Reads where the threads that run loops are, by the runtime's sample profiler, which stops every thread for a moment.</summary>
internal static class Frames
{
    private static readonly TimeSpan Sampling = TimeSpan.FromMilliseconds(100);

    /// <returns>Lines for people.</returns>
    internal static IReadOnlyList<string> Read(Target target, TimeSpan timeout)
    {
        var lines = new List<string>();
        foreach (var (thread, frames) in ReadThreads(target, timeout))
        {
            lines.Add($"Thread ({thread}) runs a loop:");
            lines.AddRange(frames.Select(static frame => "    at " + frame));
        }

        return lines;
    }

    /// <returns>For each thread, by the system's number, its frames, innermost first, escaped.</returns>
    internal static IReadOnlyDictionary<int, IReadOnlyList<string>> ReadThreads(Target target, TimeSpan timeout)
    {
        string trace = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".nettrace");
        string? log = null;
        try
        {
            using (var session = target.Client.StartEventPipeSession([new EventPipeProvider("Microsoft-DotNETCore-SampleProfiler", EventLevel.Informational)],
                requestRundown: true, circularBufferMB: 64))
            {
                using var file = Files.NewFile.Create(trace);
                var copying = session.EventStream.CopyToAsync(file);
                Thread.Sleep(Sampling);
                session.Stop();
                if (!copying.Wait(timeout))
                {
                    throw new ToolException(ExitCode.NoAnswer, $"Process {target.Id} did not give the stacks of its threads in time.");
                }
            }

            log = TraceLog.CreateFromEventPipeDataFile(trace);
            return ReadThreads(log);
        }
        finally
        {
            File.Delete(trace);
            if (log is not null)
            {
                File.Delete(log);
            }
        }
    }

    private static Dictionary<int, IReadOnlyList<string>> ReadThreads(string log)
    {
        using var symbols = new SymbolReader(TextWriter.Null) { SymbolPath = "" };
        using var events = new TraceLog(log);
        var source = new MutableTraceEventStackSource(events) { OnlyManagedCodeStacks = true };
        new SampleProfilerThreadTimeComputer(events, symbols).GenerateThreadTimeStacks(source);
        var latest = new Dictionary<string, List<string>>();
        source.ForEach(sample =>
        {
            var frames = new List<string>();
            string thread = "";
            for (var at = sample.StackIndex; at != StackSourceCallStackIndex.Invalid; at = source.GetCallerIndex(at))
            {
                string name = source.GetFrameName(source.GetFrameIndex(at), false);
                if (name.StartsWith("Thread (", StringComparison.Ordinal))
                {
                    thread = name;
                    break;
                }

                frames.Add(name);
            }

            latest[thread] = frames;
        });
        var loops = new Dictionary<int, IReadOnlyList<string>>();
        foreach (var (thread, frames) in latest)
        {
            // "Thread (4711)"
            if (frames.Exists(static frame => frame.Contains("LoopCore.Run", StringComparison.Ordinal)
                || frame.Contains("LoopCore.Turn", StringComparison.Ordinal))
                && int.TryParse(thread.AsSpan("Thread (".Length).TrimEnd(')'), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                loops[number] = [.. frames.Where(static frame => frame is not ("CPU_TIME" or "UNMANAGED_CODE_TIME")).Select(PlainText.Escape)];
            }
        }

        return loops;
    }
}
