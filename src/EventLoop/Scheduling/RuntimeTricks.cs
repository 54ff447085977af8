namespace EventLoop.Scheduling;

/// <summary>
/// Where the library relies on what .NET does not promise. Each such trick is probed before its first use and given up if the probe fails; and each can be
/// switched off: by an AppContext switch (<c>runtimeconfig.json</c>), or by an environment variable that is "1" or "true". Any thread.
/// </summary>
internal static class RuntimeTricks
{
    /// <summary>Whether the contexts of a thread may be read and set without the public API; switched off by <c>EventLoop.UsePublicContexts</c>,
    /// <c>EVENTLOOP_USE_PUBLIC_CONTEXTS</c>.</summary>
    internal static bool MayReadContexts => !IsSet("EventLoop.UsePublicContexts", "EVENTLOOP_USE_PUBLIC_CONTEXTS");

    /// <summary>Whether a cancellation may interrupt the awaits of .NET tasks; switched off by
    /// <c>EventLoop.LeaveForeignAwaits</c>, <c>EVENTLOOP_LEAVE_FOREIGN_AWAITS</c>.</summary>
    internal static bool MayReplaceAwaiters => !IsSet("EventLoop.LeaveForeignAwaits", "EVENTLOOP_LEAVE_FOREIGN_AWAITS");

    /// <summary>
    /// Whether the address of a local variable may tell where code runs, before the thread-static is read; switched off by <c>EventLoop.UseThreadStatics</c>,
    /// <c>EVENTLOOP_USE_THREAD_STATICS</c>.
    /// </summary>
    internal static bool MayCompareStacks => !IsSet("EventLoop.UseThreadStatics", "EVENTLOOP_USE_THREAD_STATICS");

    /// <summary>
    /// Whether the names of its callers may classify a wait on the loop's thread, before its length does; switched off by <c>EventLoop.TimeBlockingWaits</c>,
    /// <c>EVENTLOOP_TIME_BLOCKING_WAITS</c>.
    /// </summary>
    internal static bool MayReadFrames => !IsSet("EventLoop.TimeBlockingWaits", "EVENTLOOP_TIME_BLOCKING_WAITS");

    /// <summary>
    /// Whether the runtime's own block of the environment may be used to see that nothing has changed since the last start of a child; switched off by
    /// <c>EventLoop.ReadEnvironments</c>, <c>EVENTLOOP_READ_ENVIRONMENTS</c>.
    /// </summary>
    internal static bool MayCompareEnvironments => !IsSet("EventLoop.ReadEnvironments", "EVENTLOOP_READ_ENVIRONMENTS");

    /// <summary>
    /// Whether the system may be asked to use large pages for arrays of many megabytes, which are the collector's; switched off by
    /// <c>EventLoop.UseSmallPages</c>, <c>EVENTLOOP_USE_SMALL_PAGES</c>.
    /// </summary>
    internal static bool MayAskForLargePages => !IsSet("EventLoop.UseSmallPages", "EVENTLOOP_USE_SMALL_PAGES");

    private static bool IsSet(string name, string variable) =>
        AppContext.TryGetSwitch(name, out bool isSet) ? isSet : Environment.GetEnvironmentVariable(variable) is "1" or "true";
}
