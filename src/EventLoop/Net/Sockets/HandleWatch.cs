using System.Runtime.InteropServices;

namespace EventLoop.Net.Sockets;

/// <summary>
/// Looks now and then whether somebody has disposed what was handed over to a loop: a socket of .NET's, the handle of a pipe. The system does not tell of it,
/// and who waits there would wait for ever. One timer for the process, while there is anything of the kind. Any thread.
/// </summary>
internal static class HandleWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly List<Entry> Entries = [];      // the lock of all that is here: held while they are looked at, a field of each
    private static Timer? timer;

    /// <param name="made">Not kept alive by it.</param>
    /// <param name="from">What it was made from.</param>
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

    // Of nobody's flow: what is Current here, and would be kept alive, is some user's.
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

/// <summary>What was made from something that others may still dispose.</summary>
internal interface IHandedOver
{
    /// <summary>Any thread.</summary>
    bool IsClosed { get; }

    /// <summary>Any thread; runs no user code.</summary>
    void OnHandleDisposed();
}
