namespace EventLoop.Orleans;

/// <summary>On a silo: what a piece of work may know about where and why it runs. Any thread that runs work.</summary>
public static class ClusterWork
{
    private static readonly AsyncLocal<Place?> Here = new();

    /// <summary>Equal for all attempts at this piece of work, so that it can check whether it has been done already; each argument of Map and AsCompleted has
    /// its own, also in a chunk. Null if it is not retried.</summary>
    public static string? IdempotencyKey => Here.Value?.Key;

    /// <summary>The number of the attempt, from one; zero where no work of a cluster runs.</summary>
    public static int Attempt => Here.Value?.Attempt ?? 0;

    /// <summary>The name of the silo; null where no work of a cluster runs.</summary>
    public static string? Silo => Here.Value?.Silo;

    internal static void Enter(Place place) => Here.Value = place;

    internal sealed record Place(string? Key, int Attempt, string Silo);
}
