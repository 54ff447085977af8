using System.Runtime.InteropServices;
using EventLoop.Scheduling;

namespace EventLoop.Descriptors;

/// <summary>The foreign descriptors that one loop watches for its user. Loop thread only.</summary>
internal sealed class DescriptorWatches(LoopCore core)
{
    private readonly Dictionary<nint, DescriptorWatch> watches = [];
    private int sweepAt = 16;

    /// <param name="handle">Of the descriptor.</param>
    /// <param name="reads">Which of its two callbacks is meant.</param>
    /// <param name="callback">Null: removes it.</param>
    /// <returns>Whether there was one.</returns>
    internal bool Set(SafeHandle handle, bool reads, Action? callback)
    {
        nint number = handle.DangerousGetHandle();
        if (watches.TryGetValue(number, out var watch) && !ReferenceEquals(watch.Handle, handle))
        {
            if (handle.IsClosed)
            {
                return false;          // the number is another descriptor's by now
            }

            if (watch.Handle.IsClosed)
            {
                Forget(watch);
                watch = null;
            }
        }

        if (watch is null)
        {
            if (callback is null)
            {
                return false;
            }

            ForgetClosed();
            watch = new DescriptorWatch(core, this, handle);
            watches.Add(number, watch);
        }

        try
        {
            return watch.Set(reads, callback);
        }
        finally
        {
            if (watch.IsIdle)
            {
                watches.Remove(number);
            }
        }
    }

    /// <summary>Forgets a watch whose handle is closed, or was never its own.</summary>
    internal void Forget(DescriptorWatch watch)
    {
        watch.End();
        if (watches.TryGetValue(watch.Number, out var current) && ReferenceEquals(current, watch))
        {
            watches.Remove(watch.Number);
        }
    }

    /// <summary>Looks for closed handles, which nobody reports; called from time to time.</summary>
    /// <param name="always">False: only if there are twice as many watches as were left last time.</param>
    internal void ForgetClosed(bool always = false)
    {
        if (watches.Count == 0 || (!always && watches.Count < sweepAt))
        {
            return;
        }

        foreach (var watch in watches.Values.Where(static watch => watch.Handle.IsClosed).ToArray())
        {
            Forget(watch);
        }

        sweepAt = Math.Max(16, 2 * watches.Count);
    }

    internal void End()
    {
        foreach (var watch in watches.Values)
        {
            watch.End();
        }

        watches.Clear();
    }
}
