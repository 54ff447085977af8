using System.Globalization;
using EventLoop.Debugging;
using EventLoop.Scheduling;

namespace EventLoop.Testing.Running;

/// <summary>The steps of a run in words; the latest of them if there are many. Loop thread only.</summary>
internal sealed class StepTrace(Loop loop, int capacity = StepTrace.Enough)
{
    internal const int Enough = 1000;

    private readonly Queue<string> steps = new();

    /// <summary>The number of all steps, including those that are no longer kept.</summary>
    internal int Count { get; private set; }

    internal IReadOnlyList<string> Steps => [.. steps];

    internal void Add(LoopContext? context)
    {
        if (steps.Count == capacity)
        {
            steps.Dequeue();
        }

        steps.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{++Count,4}  {WaitReport.Seconds(loop.Time),8}  {Describe(context)}"));
    }

    internal static string Describe(LoopContext? context)
    {
        if (context is null)
        {
            return "I/O";        // a raw step: bytes arrive, or library code resumes
        }

        if (context.Task is not { } task)
        {
            return "a callback";
        }

        if (task.IsCompleted)
        {
            string end = task.IsCompletedSuccessfully ? "ends"
                : task.IsCanceled ? "ends canceled"
                : $"fails: {task.PeekFailure()?.GetType().Name}: {task.PeekFailure()?.Message}";
            return $"{task.Label} {end}";
        }

        var waits = task.CollectWaits();
        string what = waits.Count == 0
            ? "goes on" : "waits on " + string.Join(" and on ", waits.Select(static node => node.Target?.Describe(node) ?? "its next turn (yield)"));
        string place = string.Join(" < ", WaitReport.StackOf(task).Split(" < ").Take(2));
        return place.Length > 0 ? $"{task.Label} {what}, in {place}" : $"{task.Label} {what}";
    }
}
