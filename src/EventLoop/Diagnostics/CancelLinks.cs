using EventLoop.Cancellation;

namespace EventLoop.Diagnostics;

/// <summary>The way of a cancellation as users see it.</summary>
internal static class CancelLinks
{
    internal static CancelLink ToLink(CancelTrail trail) => new(trail.By, trail.TaskId, trail.Reason, TimeSpan.FromTicks(trail.At));

    /// <summary>From whoever began it.</summary>
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
