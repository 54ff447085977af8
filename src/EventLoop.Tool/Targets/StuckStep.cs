using System.Globalization;
using System.Text.Json;
using EventLoop.Diagnostics;
using EventLoop.Reporting;

namespace EventLoop.Tool.Targets;

/// <summary>A loop that does not return from a step. Found from outside, by two looks: nothing has to be switched on in the process.</summary>
/// <param name="Loop">The name of the loop.</param>
/// <param name="TaskId">The task whose step it is; null: a callback's.</param>
/// <param name="Who">The same in words.</param>
/// <param name="For">How long the step has lasted at least.</param>
/// <param name="Processor">The share of the time between the looks that its thread was on a core; null where the system does not say.</param>
/// <param name="Queue">The share that it could have run but had no core.</param>
/// <param name="Frames">Those of its thread, innermost first; empty: they were not available.</param>
internal sealed record StuckStep(string Loop, int? TaskId, string Who, TimeSpan For, double? Processor, double? Queue, IReadOnlyList<string> Frames)
{
    private const double Half = 0.5;
    private const int FramesInWords = 4;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(300);

    internal string Message => $"{Who}{(TaskId is { } id ? $" #{id}" : "")} has been in one step for {PlainText.Short(For)}: {Why}";

    internal string Advice => IsComputing == false
        ? "Await it instead of blocking, or move it to Loop.ToThread; if it waits for a lock, 'dotnet-stack report -p PID' shows who holds it."
        : "Move long work to Loop.ToThread, or break it up with await Loop.Yield().";

    private bool? IsComputing => Processor + Queue is { } part ? part >= Half : null;

    private string Why
    {
        get
        {
            string where = Frames.Count == 0 ? "" : " in " + string.Join(" < ", FromWhatIsCalled().Select(Method).Take(FramesInWords));
            return IsComputing switch
            {
                true => string.Create(CultureInfo.InvariantCulture, $"it computes{where} ({Processor:P0} on a core, {Queue:P0} waiting)"),
                false => $"its thread is blocked{where}",
                null => $"its thread is{where}",
            };
        }
    }

    // How .NET does what the program has called (a lock, a wait) is its own affair: of its innermost frames the outermost says what was called.
    private IEnumerable<string> FromWhatIsCalled()
    {
        string[] frames = [.. Frames.Where(static frame => !IsPoll(frame))];
        int ofNet = frames.TakeWhile(IsOfNet).Count();
        return ofNet < frames.Length ? frames.Skip(ofNet - 1) : frames;
    }

    private static bool IsOfNet(string frame) =>
        frame.StartsWith("System.", StringComparison.Ordinal) || frame.StartsWith("Microsoft.", StringComparison.Ordinal);

    // Every running loop asks whether a collection wants it to stop.
    private static bool IsPoll(string frame) => frame.Contains("Thread.<PollGC>", StringComparison.Ordinal);

    // "Assembly!Namespace.Type+<Method>d__6.MoveNext()" is "Type.Method".
    private static string Method(string frame)
    {
        string text = frame[(frame.IndexOf('!', StringComparison.Ordinal) + 1)..];
        int arguments = text.IndexOf('(', StringComparison.Ordinal);
        text = arguments > 0 ? text[..arguments] : text;
        int dot = text.LastIndexOf('.');
        string method = dot > 0 ? text[(dot + 1)..] : text;
        string type = dot > 0 ? text[..dot] : "";
        type = type[(type.LastIndexOf('.') + 1)..];
        if (type.IndexOf("+<", StringComparison.Ordinal) is var nested and > 0)
        {
            method = method == "MoveNext" ? MethodNames.Readable(type[(nested + 1)..]) : MethodNames.Readable(method);
            type = type[..nested];
        }

        return type.Length > 0 ? $"{type}.{method}" : method;
    }

    /// <summary>Writes it with the frames of what the program itself does in that step.</summary>
    internal void Write(TextWriter to)
    {
        to.WriteLine(PlainText.Line($"{"ERROR",-7} {nameof(FindingKind.LongStep)} on loop '{Loop}': {Message}"));
        foreach (string frame in Frames)
        {
            to.WriteLine(PlainText.Line($"        at {frame}"));
        }

        to.WriteLine(PlainText.Line($"        {Advice}"));
    }

    /// <summary>Writes it as one of doctor's findings.</summary>
    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("kind", nameof(FindingKind.LongStep));
        json.WriteString("severity", nameof(FindingSeverity.Error));
        json.WriteText("loop", Loop);
        json.WriteIds("tasks", TaskId is { } id ? [id] : []);
        json.WriteText("message", Message);
        json.WriteText("advice", Advice);
        json.WriteTexts("frames", Frames);
        json.WriteEndObject();
    }

    /// <summary>The problems of a snapshot that none of some steps tells already: what two looks have shown says more than the one that the process took
    /// itself.</summary>
    internal static IEnumerable<Finding> Others(LoopSnapshot snapshot, List<StuckStep> stuck) => snapshot.FindProblems().Where(finding =>
        finding.Kind != FindingKind.LongStep || !stuck.Exists(step => step.Loop == snapshot.LoopName && step.TaskId == snapshot.Running?.TaskId));

    /// <param name="target">The process.</param>
    /// <param name="first">A first look at the process.</param>
    /// <param name="line">The command line: which loops, and for how long at most.</param>
    internal static List<StuckStep> Find(Target target, List<LoopSnapshot> first, CommandLine line)
    {
        var candidates = first.Where(static one => one.Running is not null).ToDictionary(static one => one.LoopId);
        if (candidates.Count == 0)
        {
            return [];
        }

        var before = candidates.Values.ToDictionary(static one => one.LoopId, one => ProcessorTime(target, one.Thread));
        var then = System.Diagnostics.Stopwatch.GetTimestamp();
        Thread.Sleep(Between);
        var arguments = Answers.Arguments(line);
        arguments.Remove("filter");
        var second = Answers.Parse(Question.Ask(target, "bunches", arguments, line.Timeout));
        var between = System.Diagnostics.Stopwatch.GetElapsedTime(then);
        List<LoopSnapshot> stuck = [.. second.Where(one => one.Running is { } running && candidates.TryGetValue(one.LoopId, out var earlier)
            && earlier.Statistics.Steps == one.Statistics.Steps && earlier.Running!.TaskId == running.TaskId)];
        if (stuck.Count == 0)
        {
            return [];
        }

        var parts = stuck.ToDictionary(static one => one.LoopId, one => Since(before[one.LoopId], ProcessorTime(target, one.Thread)));
        var frames = ReadFrames(target, line.Timeout, stuck);
        return [.. stuck.Select(one =>
        {
            var earlier = candidates[one.LoopId];
            return new StuckStep(one.LoopName, one.Running!.TaskId, one.Running.Who, (earlier.Running!.Elapsed ?? earlier.SinceLook ?? TimeSpan.Zero) + between,
                parts[one.LoopId].Processor / between, parts[one.LoopId].Queue / between,
                [.. (frames.GetValueOrDefault(one.Thread) ?? []).TakeWhile(static frame => !frame.StartsWith("EventLoop!EventLoop.Coroutines.StateMachineBox",
                    StringComparison.Ordinal) && !frame.Contains("LoopCore.Step(", StringComparison.Ordinal))]);
        })];
    }

    private static IReadOnlyDictionary<int, IReadOnlyList<string>> ReadFrames(Target target, TimeSpan timeout, List<LoopSnapshot> stuck)
    {
        try
        {
            return Targets.Frames.ReadThreads(target, timeout, stuck);
        }
        catch (ToolException)
        {
            return new Dictionary<int, IReadOnlyList<string>>();      // the step is a finding without them, too
        }
    }

    private static (TimeSpan? Processor, TimeSpan? Queue) Since((TimeSpan? Processor, TimeSpan? Queue) then, (TimeSpan? Processor, TimeSpan? Queue) now) =>
        (now.Processor - then.Processor, now.Queue - then.Queue);

    private static (TimeSpan? Processor, TimeSpan? Queue) ProcessorTime(Target target, int thread)
    {
        if (thread == 0)
        {
            return (null, null);
        }

        try
        {
            // Nanoseconds on a core, nanoseconds in its queue, time slices.
            string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{target.Id}/task/{thread}/schedstat");
            string[] numbers = File.ReadAllText(path).Split(' ');
            return (Nanoseconds(numbers[0]), Nanoseconds(numbers[1]));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return (null, null);
        }
    }

    private static TimeSpan Nanoseconds(string number) => TimeSpan.FromTicks(long.Parse(number, CultureInfo.InvariantCulture) / 100);
}
