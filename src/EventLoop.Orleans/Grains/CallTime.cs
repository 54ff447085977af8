namespace EventLoop.Orleans.Grains;

/// <summary>A silo answers each call soon, if only with "still running"; so a call without an answer tells of a lost
/// silo. Orleans itself tells the callers of a lost gateway nothing.</summary>
internal static class CallTime
{
    /// <summary>Without an answer for so long the silo is lost: leaves room for one that stands still for some seconds.</summary>
    internal const string Limit = "00:00:10";

    /// <summary>An answer comes after so long at the latest.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>An answer for several that were expected to be quick: as long as one that is slow may keep the others.</summary>
    internal static readonly TimeSpan PatienceForMany = TimeSpan.FromMilliseconds(10);
}
