using System.Runtime.InteropServices;

namespace EventLoop.Net.Sockets;

/// <summary>
/// Checks from time to time whether somebody has disposed what was handed over to a loop: a socket of .NET's, the handle of a pipe. The system does not report
/// that, and a waiter would wait for ever. One timer for the process, while there is anything to check. Any thread.
/// </summary>
internal static class HandleWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly List<Entry> Entries = [];      // the lock of everything here: held while the entries are checked, which are fields only
    private static Timer? timer;

    /// <param name="made">Not kept alive by this.</param>
    /// <param name="from">The handle that it was made from.</param>
    internal static void Add(IHandedOver made, SafeHandle from)
    {
        lock (Entries)
        {
            Entries.Add(new Entry(new WeakReference<IHandedOver>(made), from));
            if (Entries.Count == 1)
            {
                timer ??= NewTimer();
                timer.Change(Interval, Interval);
            }
        }
    }

    // In nobody's ExecutionContext: the current one belongs to some user and would be kept alive.
    private static Timer NewTimer()
    {
        bool flows = !ExecutionContext.IsFlowSuppressed();
        var suppressed = flows ? ExecutionContext.SuppressFlow() : default;
        try
        {
            return new Timer(static _ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            if (flows)
            {
                suppressed.Undo();
            }
        }
    }

    private static void Look()
    {
        lock (Entries)
        {
            for (int i = Entries.Count - 1; i >= 0; i--)
            {
                var (known, from) = Entries[i];
                bool isThere = known.TryGetTarget(out var made) && !made.IsClosed;
                if (isThere && !from.IsClosed)
                {
                    continue;
                }

                if (isThere)
                {
                    made!.OnHandleDisposed();
                }

                Entries[i] = Entries[^1];
                Entries.RemoveAt(Entries.Count - 1);
            }

            if (Entries.Count == 0)
            {
                timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private readonly record struct Entry(WeakReference<IHandedOver> Made, SafeHandle From);
}

/// <summary>Something that was made from a handle which others may still dispose.</summary>
internal interface IHandedOver
{
    /// <summary>Any thread.</summary>
    bool IsClosed { get; }

    /// <summary>Any thread; runs no user code.</summary>
    void OnHandleDisposed();
}
