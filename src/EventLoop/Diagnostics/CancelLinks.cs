using EventLoop.Cancellation;

namespace EventLoop.Diagnostics;

/// <summary>Shows users the chain of a cancellation.</summary>
internal static class CancelLinks
{
    internal static CancelLink ToLink(CancelTrail trail) => new(trail.By, trail.TaskId, trail.Reason, TimeSpan.FromTicks(trail.At));

    /// <summary>Lists the chain from its origin.</summary>
    internal static IReadOnlyList<CancelLink> ToList(CancelTrail? trail)
    {
        var links = new List<CancelLink>();
        for (; trail is not null; trail = trail.Before)
        {
            links.Add(ToLink(trail));
        }

        links.Reverse();
        return links;
    }
}
