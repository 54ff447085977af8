using EventLoop.AspNetCore;

namespace EventLoop.AspNetCore.Tests;

/// <summary>Notes where code runs.</summary>
internal sealed class Where
{
    private readonly List<string> wrong = [];
    private int count;

    internal int Count => Volatile.Read(ref count);

    internal IReadOnlyList<string> Wrong
    {
        get
        {
            lock (wrong)
            {
                return [.. wrong];
            }
        }
    }

    /// <summary>Here it has to be the loop's thread, and the task of the request.</summary>
    internal void Note(HttpContext http, string place)
    {
        Interlocked.Increment(ref count);
        var loop = http.Features.Get<IEventLoopFeature>()?.Loop;
        string? trouble = loop is null ? "no loop"
            : !Loop.TryGetCurrent(out var here) || !ReferenceEquals(here, loop) ? $"thread {Environment.CurrentManagedThreadId} instead of the loop's"
            : Loop.CurrentTask is null ? "no task"
            : null;
        if (trouble is not null)
        {
            lock (wrong)
            {
                wrong.Add($"{place}: {trouble}");
            }
        }
    }
}
