using System.Runtime.CompilerServices;

namespace EventLoop.Reporting;

/// <summary>Names for people. They are derived from the compiler's types for the live view only; nothing depends on them.</summary>
internal static class MethodNames
{
    /// <summary>"Type.Method" of an async method's state machine.</summary>
    internal static string OfStateMachine(Type stateMachine)
    {
        return OfMember(stateMachine.Name, stateMachine.DeclaringType);
    }

    /// <summary>"Type.Method" of what a delegate calls; that of the async method, where it continues one.</summary>
    internal static string OfDelegate(Delegate called)
    {
        if (called.Target?.GetType() is { IsGenericType: true } box
            && Array.Find(box.GetGenericArguments(), static argument => typeof(IAsyncStateMachine).IsAssignableFrom(argument)) is { } stateMachine)
        {
            return OfStateMachine(stateMachine);
        }

        return OfMember(called.Method.Name, called.Method.DeclaringType);
    }

    private static string OfMember(string name, Type? declaring)
    {
        string method = Readable(name);
        while (declaring is { IsNested: true } && declaring.Name.StartsWith('<'))
        {
            declaring = declaring.DeclaringType;
        }

        return declaring is null || declaring.Name.StartsWith('<') ? method : $"{Readable(declaring.Name)}.{method}";
    }

    /// <summary>What a foreign awaiter waits for.</summary>
    internal static string OfAwaiter(Type? awaiter)
    {
        if (awaiter is null)
        {
            return "a foreign awaitable";
        }

        string name = awaiter.IsNested ? awaiter.DeclaringType!.Name : awaiter.Name;
        name = name.Split('`')[0];
        return name.EndsWith("Awaiter", StringComparison.Ordinal) ? name[..^"Awaiter".Length]
            : name.EndsWith("Awaitable", StringComparison.Ordinal) ? name[..^"Awaitable".Length]
            : name;
    }

    /// <summary>The async method that a task stands for, if it can be determined.</summary>
    internal static string OfTask(Task task)
    {
        var type = task.GetType();
        if (type.IsGenericType && type.GetGenericArguments() is [.., var last]
            && typeof(System.Runtime.CompilerServices.IAsyncStateMachine).IsAssignableFrom(last))
        {
            return OfStateMachine(last);
        }

        return type.Name.StartsWith("DelayPromise", StringComparison.Ordinal) ? "Task.Delay" : "a Task";
    }

    /// <summary>"&lt;Fetch&gt;d__3" is "Fetch"; a local function "&lt;Main&gt;g__Fetch|0_1" is "Fetch"; a lambda keeps its method's name.</summary>
    internal static string Readable(string name)
    {
        name = name.Split('`')[0];
        int local = name.IndexOf("g__", StringComparison.Ordinal);
        if (local >= 0)
        {
            int end = name.IndexOf('|', local);
            return end > 0 ? name[(local + 3)..end] : name[(local + 3)..];
        }

        int close = name.LastIndexOf('>');
        if (!name.StartsWith('<') || close <= 1)
        {
            return name;
        }

        string inner = name[1..close].TrimStart('<');
        int nestedEnd = inner.IndexOf('>');
        string method = nestedEnd >= 0 ? inner[..nestedEnd] : inner;
        return name.Contains("b__", StringComparison.Ordinal) ? $"{method} (lambda)" : method;
    }
}
