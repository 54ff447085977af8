using EventLoop.AspNetCore.Results;
using EventLoop.Scheduling;

namespace EventLoop.AspNetCore;

/// <summary>Async sequences that are produced on the loop.</summary>
public static class AsyncEnumerableExtensions
{
    /// <summary>
    /// The same items, produced in the current task on its loop, whoever enumerates them and wherever: System.Text.Json and others await with
    /// <c>ConfigureAwait(false)</c>, and would run the iterator on the thread pool from the second item on.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="items">Enumerated once or more, one enumeration at a time.</param>
    /// <returns>The wrapped sequence; where no loop runs, <paramref name="items"/> itself.</returns>
    /// <remarks>Results of minimal APIs' handlers and of controllers are wrapped automatically. <b>Cost:</b> two steps for an item that is not available at
    /// once.</remarks>
    public static IAsyncEnumerable<T> OnLoop<T>(this IAsyncEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items is StayingItems<T> || LoopCore.Running is not { Current: { } context } ? items : new StayingItems<T>(items, context);
    }
}
