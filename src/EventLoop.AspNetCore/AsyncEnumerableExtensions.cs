using EventLoop.AspNetCore.Results;
using EventLoop.Scheduling;

namespace EventLoop.AspNetCore;

/// <summary>Items that are made on the loop.</summary>
public static class AsyncEnumerableExtensions
{
    /// <summary>
    /// The same items, made in the current task on its loop, whoever enumerates them and wherever: System.Text.Json and others await with
    /// <c>ConfigureAwait(false)</c>, and would run the iterator on the thread pool from the second item on.
    /// </summary>
    /// <typeparam name="T">Of the items.</typeparam>
    /// <param name="items">Enumerated once or more, one at a time.</param>
    /// <returns>Where no loop runs: <paramref name="items"/> themselves.</returns>
    /// <remarks>What handlers of minimal APIs and controllers return is taken so by itself.
    /// <b>Cost:</b> two steps for an item that is not there at once.</remarks>
    public static IAsyncEnumerable<T> OnLoop<T>(this IAsyncEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items is StayingItems<T> || LoopCore.Running is not { Current: { } context } ? items : new StayingItems<T>(items, context);
    }
}
