using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EventLoop.Reporting;

/// <summary>
/// Classifies a blocking wait on the loop's thread. The runtime calls its synchronization context for all of them alike; only the callers tell them apart. A
/// lock is usually held for a moment, and what .NET's own code waits for inside a call that does something else (disposing a process, a timer, a file) ends in
/// a moment, too. What user code calls in order to wait is a blocking call from the beginning.
/// </summary>
/// <remarks>
/// The gain is not time: with names a blocking call is noticed from its first moment, without them (EVENTLOOP_TIME_BLOCKING_WAITS) only one that lasts for 100
/// ms, so that one of 20 ms passes unseen. It costs 15 µs and 5.5 KB for each wait on the loop's thread (ten frames deep), and only where blocking calls are
/// looked for; without names the check costs 0.01 µs.
/// </remarks>
internal static class BlockingWait
{
    // The public ways to wait: whoever calls them intends to. The names with their namespaces, without type parameters.
    private static readonly HashSet<string> WaysToWait =
    [
        "System.Threading.WaitHandle", "System.Threading.EventWaitHandle", "System.Threading.Mutex", "System.Threading.Semaphore", "System.Threading.Thread",
        "System.Threading.Monitor", "System.Threading.ManualResetEventSlim", "System.Threading.SemaphoreSlim", "System.Threading.CountdownEvent",
        "System.Threading.Barrier", "System.Threading.ReaderWriterLock", "System.Threading.ReaderWriterLockSlim", "System.Threading.Lock",
            "System.Threading.SpinWait",
        "System.Threading.SynchronizationContext", "System.Threading.Tasks.Task", "System.Threading.Tasks.Parallel", "System.Threading.Tasks.ValueTask",
        "System.Collections.Concurrent.BlockingCollection", "System.Runtime.CompilerServices.TaskAwaiter", "System.Runtime.CompilerServices.ValueTaskAwaiter",
        "System.Runtime.CompilerServices.ConfiguredTaskAwaitable", "System.Runtime.CompilerServices.ConfiguredValueTaskAwaitable",
    ];

    // Frames may have no names: in a native program without them, or in a runtime that names them differently.
    internal static readonly Lazy<bool> NamesAreTold = new(ProbeNames);

    /// <summary>Called by the synchronization context's Wait. Where the callers' names are unknown, only time can tell: then every wait may end in a
    /// moment.</summary>
    /// <remarks>What the JIT has inlined has no frame: a wait of .NET's inside a call that was inlined into its caller looks like the caller's own.</remarks>
    /// <param name="mayReadFrames">Whether names are used at all.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool IsMomentary(bool mayReadFrames)
    {
        if (!mayReadFrames || !NamesAreTold.Value)
        {
            return true;
        }

        const int ThisAndWait = 2;
        var trace = new StackTrace(ThisAndWait, fNeedFileInfo: false);
        for (int index = 0; index < trace.FrameCount; index++)
        {
            // A method that was made at run time belongs to no type.
            if (trace.GetFrame(index) is not { } frame || DiagnosticMethodInfo.Create(frame) is not { DeclaringTypeName: { } type } caller)
            {
                continue;
            }

            if (IsLock(type, caller.Name))
            {
                return true;
            }

            if (!IsWayToWait(type))
            {
                return IsOfPlatform(caller.DeclaringAssemblyName);
            }
        }

        return false;
    }

    // Checks that a frame of the library, and one of .NET's that has called it, have their expected names.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool ProbeNames()
    {
        bool own = false;
        bool platforms = false;
        foreach (var frame in new StackTrace(fNeedFileInfo: false).GetFrames())
        {
            if (DiagnosticMethodInfo.Create(frame) is { DeclaringTypeName: { } type } method)
            {
                own |= method.Name == nameof(ProbeNames) && type == typeof(BlockingWait).FullName;
                platforms |= type.StartsWith("System.Lazy", StringComparison.Ordinal) && IsOfPlatform(method.DeclaringAssemblyName);
            }
        }

        return own && platforms;
    }

    private static bool IsLock(string type, string method) => type switch
    {
        "System.Threading.Monitor" => !method.StartsWith("Wait", StringComparison.Ordinal),
        "System.Threading.Lock" or "System.Threading.ReaderWriterLockSlim" => true,
        _ => false,
    };

    // A nested type, such as an awaiter or a promise, stands for the outer one.
    private static bool IsWayToWait(string type)
    {
        int end = type.AsSpan().IndexOfAny('`', '+', '[');
        return WaysToWait.Contains(end < 0 ? type : type[..end]);
    }

    private static bool IsOfPlatform(string assembly)
    {
        int end = assembly.IndexOf(',');
        string name = end < 0 ? assembly : assembly[..end];
        return name.StartsWith("System.", StringComparison.Ordinal);
    }
}
