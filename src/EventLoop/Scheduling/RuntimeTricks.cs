namespace EventLoop.Scheduling;

/// <summary>
/// Where the library goes by what .NET does not promise. Each such trick is probed before its first use and given up where the probe fails; and each can be
/// switched off: by an AppContext switch (<c>runtimeconfig.json</c>), or by an environment variable that is "1" or "true". Any thread.
/// </summary>
internal static class RuntimeTricks
{
    /// <summary>The contexts of a thread are read and set by the public API only: <c>EventLoop.UsePublicContexts</c>,
    /// <c>EVENTLOOP_USE_PUBLIC_CONTEXTS</c>.</summary>
    internal static bool MayReadContexts => !IsSet("EventLoop.UsePublicContexts", "EVENTLOOP_USE_PUBLIC_CONTEXTS");

    /// <summary>A cancellation leaves the awaits of .NET tasks alone: <c>EventLoop.LeaveForeignAwaits</c>, <c>EVENTLOOP_LEAVE_FOREIGN_AWAITS</c>.</summary>
    internal static bool MayReplaceAwaiters => !IsSet("EventLoop.LeaveForeignAwaits", "EVENTLOOP_LEAVE_FOREIGN_AWAITS");

    /// <summary>
    /// Where code runs is told by the thread-static alone, and not by the address of a local variable first:
    /// <c>EventLoop.UseThreadStatics</c>, <c>EVENTLOOP_USE_THREAD_STATICS</c>.
    /// </summary>
    internal static bool MayCompareStacks => !IsSet("EventLoop.UseThreadStatics", "EVENTLOOP_USE_THREAD_STATICS");

    /// <summary>
    /// What a wait on the loop's thread is for is told by how long it takes, and not by the names of its callers first:
    /// <c>EventLoop.TimeBlockingWaits</c>, <c>EVENTLOOP_TIME_BLOCKING_WAITS</c>.
    /// </summary>
    internal static bool MayReadFrames => !IsSet("EventLoop.TimeBlockingWaits", "EVENTLOOP_TIME_BLOCKING_WAITS");

    private static bool IsSet(string name, string variable) =>
        AppContext.TryGetSwitch(name, out bool isSet) ? isSet : Environment.GetEnvironmentVariable(variable) is "1" or "true";
}
