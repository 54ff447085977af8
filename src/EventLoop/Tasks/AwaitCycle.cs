namespace EventLoop.Tasks;

/// <summary>Finds the wait that would close a cycle of awaiting tasks, which no scheduler could ever resolve.</summary>
[StackTraceHidden]
internal static class AwaitCycle
{
    internal static void Check(LoopTask task, LoopTask awaitable)
    {
        if (ReferenceEquals(task, awaitable))
        {
            throw new InvalidOperationException($"Task '{task.Name}' cannot await itself: it would never end. Await what it is to wait for, or return "
                + "instead.");
        }

        // A task that nobody awaits closes no cycle; this check keeps long chains of tasks linear.
        if (!task.MayHaveAwaiters)
        {
            return;
        }

        for (var next = awaitable; next is not null; next = next.Awaiting as LoopTask)
        {
            if (ReferenceEquals(next, task))
            {
                throw new InvalidOperationException(
                    $"Awaiting {awaitable.Label} would close a cycle of tasks that wait for one another: {Describe(task, awaitable)}. Let one of them go on "
                        + "without the other's result.");
            }
        }
    }

    private static string Describe(LoopTask task, LoopAwaitable awaitable)
    {
        var names = new List<string> { task.Name };
        for (var next = awaitable as LoopTask; next is not null && !ReferenceEquals(next, task); next = next.Awaiting as LoopTask)
        {
            names.Add(next.Name);
        }

        names.Add(task.Name);
        return string.Join(" -> ", names.Select(name => $"'{name}'"));
    }
}
