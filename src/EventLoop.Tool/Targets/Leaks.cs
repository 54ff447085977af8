using EventLoop.Reporting;

namespace EventLoop.Tool.Targets;

/// <summary>
/// Finds tasks that nothing can ever wake: those that no root of the process reaches when the loop's own table of tasks and its pools are left out. Exact:
/// what cannot be reached cannot be woken. One blocking collection in the process.
/// </summary>
internal static class Leaks
{
    // Types of the library, which are a contract between it and this tool.
    private static readonly string[] LeftOut = ["TaskTableChunk", "TaskTableSlot[]", "PoolSlot[]"];

    internal static List<Leak> Find(Target target, TimeSpan timeout)
    {
        var graph = HeapGraph.Read(target, timeout);
        var unreachable = graph.Unreachable(static type => Array.Exists(LeftOut, type.EndsWith));
        var byAddress = unreachable.ToDictionary(static one => one.Address);
        var methods = new Dictionary<ulong, List<string>>();
        foreach (var (_, type, targets) in unreachable)
        {
            if (!type.Contains("StateMachineBox", StringComparison.Ordinal) || type.Contains("DeferredCoroutine", StringComparison.Ordinal))
            {
                continue;
            }

            // A box in use references the context of its task, which references the task; a free box references neither.
            foreach (ulong context in targets)
            {
                if (byAddress.TryGetValue(context, out var found) && found.Type.EndsWith("Context", StringComparison.Ordinal))
                {
                    foreach (ulong task in found.Targets)
                    {
                        if (byAddress.TryGetValue(task, out var one) && one.Type.Contains("LoopTask", StringComparison.Ordinal)
                            && !one.Type.Contains("[]", StringComparison.Ordinal))
                        {
                            if (!methods.TryGetValue(task, out var list))
                            {
                                methods[task] = list = [];
                            }

                            list.Add(MethodOf(type));
                        }
                    }
                }
            }
        }

        return [.. methods.Values.Select(static list => string.Join(" and ", list.Distinct().Order(StringComparer.Ordinal))).GroupBy(static method => method)
            .Select(static group => new Leak(group.Key.Length > 0 ? group.Key : "a lambda", group.Count())).OrderByDescending(static leak => leak.Count)];
    }

    /// <summary>"EventLoop.Coroutines.StateMachineBox`1[Program+&lt;Refill&gt;d__3]" is "Program.Refill".</summary>
    internal static string MethodOf(string type)
    {
        int open = type.IndexOf('[', StringComparison.Ordinal);
        string inner = open > 0 ? type[(open + 1)..].TrimStart('[').TrimEnd(']') : type;
        inner = inner.Split(',')[0];
        int method = inner.IndexOf("+<", StringComparison.Ordinal);
        if (method < 0)
        {
            method = inner.IndexOf('<', StringComparison.Ordinal) - 1;
        }

        if (method < 0)
        {
            return inner;
        }

        string declaring = inner[..Math.Max(0, method)];
        declaring = declaring[(declaring.LastIndexOfAny(['.', '+']) + 1)..];
        string name = MethodNames.Readable(inner[(inner.LastIndexOf('+') + 1)..]);
        return declaring.Length > 0 ? $"{declaring}.{name}" : name;
    }
}
