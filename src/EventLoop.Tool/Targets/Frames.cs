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

    /// <returns>Lines for people about some threads.</returns>
    internal static IEnumerable<string> Lines(IEnumerable<KeyValuePair<int, IReadOnlyList<string>>> threads) =>
        threads.SelectMany(static one => one.Value.Select(static frame => "    at " + frame).Prepend($"Thread ({one.Key}) runs a loop:"));

    /// <param name="target">The process.</param>
    /// <param name="timeout">How long one reading may take.</param>
    /// <param name="loops">Those whose threads have to be among them, if possible.</param>
    /// <returns>For each thread, by the system's number, its frames, innermost first, escaped.</returns>
    /// <exception cref="ToolException">The process has ended meanwhile, or does not respond.</exception>
    internal static IReadOnlyDictionary<int, IReadOnlyList<string>> ReadThreads(Target target, TimeSpan timeout, IReadOnlyCollection<LoopSnapshot> loops)
    {
        // The samples are few: on a busy machine one of the threads may be in none of them.
        const int tries = 3;
        var found = new Dictionary<int, IReadOnlyList<string>>();
        for (int i = 0; i < tries && (i == 0 || loops.Any(loop => loop.Thread != 0 && !found.ContainsKey(loop.Thread))); i++)
        {
            try
            {
                foreach (var (thread, frames) in ReadThreads(target, timeout))
                {
                    found[thread] = frames;
                }
            }
            catch (ToolException) when (found.Count > 0)
            {
                break;      // with what there is
            }
        }

        return found;
    }

    private static Dictionary<int, IReadOnlyList<string>> ReadThreads(Target target, TimeSpan timeout)
    {
        string trace = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".nettrace");
        string? log = null;
        try
        {
            using (var session = target.Open(new EventPipeProvider("Microsoft-DotNETCore-SampleProfiler", EventLevel.Informational), requestRundown: true,
                megabytes: 64))
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
        catch (Exception failure) when (failure is not ToolException)
        {
            throw target.BrokeOff("The list of the stacks", (failure as AggregateException)?.InnerException?.Message ?? failure.Message);
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
