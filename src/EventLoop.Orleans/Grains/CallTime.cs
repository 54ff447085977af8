namespace EventLoop.Orleans.Grains;

/// <summary>A silo responds to each call soon, if only with "still running"; so a call without a response means a lost silo. Orleans itself does not notify
/// the callers of a lost gateway.</summary>
internal static class CallTime
{
    /// <summary>How long a silo may take to respond before it counts as lost: leaves room for one that is suspended for some seconds.</summary>
    internal const string Limit = "00:00:10";

    /// <summary>A response comes after this time at the latest.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The same for several that were expected to be quick: how long a slow one may hold up the others.</summary>
    internal static readonly TimeSpan PatienceForMany = TimeSpan.FromMilliseconds(10);
}
