using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EventLoop.Reporting;

/// <summary>
/// What a wait on the loop's thread is for. The runtime asks its synchronization context for all of them alike; only the callers tell. A lock is held for a
/// moment, as a rule, and what .NET's own code waits for inside a call that does something else (disposing a process, a timer, a file) is over in a moment,
/// too. What the user's code calls in order to wait is a blocking call from the beginning.
/// </summary>
/// <remarks>
/// The gain is not time: with names a blocking call is noticed from its first moment on, without them (EVENTLOOP_TIME_BLOCKING_WAITS) only one that lasts for
/// 100 ms, so that one of 20 ms passes unseen. It costs 15 µs and 5.5 KB for each wait on the loop's thread (ten frames deep), and only where blocking calls
/// are looked for; without names the question costs 0.01 µs.
/// </remarks>
internal static class BlockingWait
{
    // The public ways to wait: whoever calls them wants to. The names with their namespaces, without type parameters.
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

    // Frames may have no names: in a native program without them, or in a runtime that calls them otherwise.
    internal static readonly Lazy<bool> NamesAreTold = new(ProbeNames);

    /// <summary>Called by the synchronization context's Wait. Where the callers' names are not known, only
    /// time can tell: then every wait may be over in a moment.</summary>
    /// <remarks>What the JIT has inlined has no frame: a wait of the platform's inside a call that was inlined into its caller looks like the
    /// caller's own.</remarks>
    /// <param name="mayReadFrames">Whether names are gone by at all.</param>
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
            // A method that was made at run time stands in no type.
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

    // A frame of ours, and one of the platform's that has called it, are called what they are called.
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

    // A nested type stands for the outer one: an awaiter, a promise.
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
