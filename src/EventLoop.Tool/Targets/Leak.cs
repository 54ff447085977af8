namespace EventLoop.Tool.Targets;

/// <summary>Tasks that nothing can ever wake.</summary>
/// <param name="Method">The coroutine methods that they are in.</param>
/// <param name="Count">How many there are.</param>
internal sealed record Leak(string Method, int Count)
{
    internal const string Advice =
        "Nothing in the process holds what they wait for, so that nothing can end the wait: keep it, cancel them, or give the wait a timeout.";

    internal string Message => $"{Count} {(Count == 1 ? "task" : "tasks")} in {Method} {(Count == 1 ? "waits" : "wait")} for something that nothing can reach";
}
