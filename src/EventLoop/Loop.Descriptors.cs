using System.Runtime.InteropServices;
using EventLoop.Net;
using EventLoop.Net.Connections;
using EventLoop.Net.Sockets.Sockets;

namespace EventLoop;

// Descriptors of others: sockets, pipes and terminals that some library reads and writes itself.
public sealed partial class Loop
{
    private readonly Dictionary<nint, DescriptorWatch> watches = [];
    private int sweepAt = 16;

    internal BufferPool Buffers => field ??= new BufferPool();

    /// <summary>Has <paramref name="callback"/> called whenever there is something to read. asyncio: <c>add_reader</c>.</summary>
    /// <param name="handle">Of a socket, a pipe or a terminal, non-blocking as a rule. It stays its owner's; when it is closed the callback is not called any more.</param>
    /// <param name="callback">Called again in every turn as long as it is readable, so it has to read. It replaces an earlier one. What it throws goes to the exception handler.</param>
    /// <remarks><b>Thread:</b> the loop's. On the portable poller the handle must be a <see cref="System.Net.Sockets.SafeSocketHandle"/>.</remarks>
    /// <exception cref="IOException">It cannot be polled: a regular file, as a rule.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop or the handle is closed.</exception>
    public void AddReader(SafeHandle handle, Action callback) => SetWatch(handle, reads: true, Required(callback), nameof(AddReader));

    /// <summary>Has <paramref name="callback"/> called whenever there is room to write. asyncio: <c>add_writer</c>.</summary>
    /// <param name="handle">Of a socket, a pipe or a terminal, non-blocking as a rule. It stays its owner's; when it is closed the callback is not called any more.</param>
    /// <param name="callback">Called again in every turn as long as it is writable, so remove it when there is nothing to write. It replaces an earlier one.</param>
    /// <inheritdoc cref="AddReader" path="/remarks"/>
    /// <inheritdoc cref="AddReader" path="/exception"/>
    public void AddWriter(SafeHandle handle, Action callback) => SetWatch(handle, reads: false, Required(callback), nameof(AddWriter));

    /// <summary>Takes the read callback away. asyncio: <c>remove_reader</c>.</summary>
    /// <param name="handle">The same handle.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    public bool RemoveReader(SafeHandle handle) => SetWatch(handle, reads: true, null, nameof(RemoveReader));

    /// <summary>Takes the write callback away. asyncio: <c>remove_writer</c>.</summary>
    /// <param name="handle">The same handle.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    public bool RemoveWriter(SafeHandle handle) => SetWatch(handle, reads: false, null, nameof(RemoveWriter));

    private bool SetWatch(SafeHandle handle, bool reads, Action? callback, string member)
    {
        ArgumentNullException.ThrowIfNull(handle);
        VerifyOpen(member);
        if (callback is not null)
        {
            ObjectDisposedException.ThrowIf(handle.IsClosed, handle);
        }

        nint number = handle.DangerousGetHandle();
        if (watches.TryGetValue(number, out var watch) && !ReferenceEquals(watch.Handle, handle))
        {
            if (handle.IsClosed)
            {
                return false;          // the number is another's by now
            }

            if (watch.Handle.IsClosed)
            {
                ForgetWatch(watch);
                watch = null;
            }
        }

        if (watch is null)
        {
            if (callback is null)
            {
                return false;
            }

            ForgetClosedWatches();
            watch = new DescriptorWatch(Core, handle);
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

    /// <summary>Its handle is closed, or was never its own.</summary>
    internal void ForgetWatch(DescriptorWatch watch)
    {
        watch.End();
        if (watches.TryGetValue(watch.Number, out var current) && ReferenceEquals(current, watch))
        {
            watches.Remove(watch.Number);
        }
    }

    /// <summary>Nobody tells when a handle is closed; so now and then somebody looks.</summary>
    /// <param name="always">False: only when there are twice as many watches as were left last time.</param>
    internal void ForgetClosedWatches(bool always = false)
    {
        if (watches.Count == 0 || (!always && watches.Count < sweepAt))
        {
            return;
        }

        foreach (var watch in watches.Values.Where(static watch => watch.Handle.IsClosed).ToArray())
        {
            ForgetWatch(watch);
        }

        sweepAt = Math.Max(16, 2 * watches.Count);
    }

    private void EndWatches()
    {
        foreach (var watch in watches.Values)
        {
            watch.End();
        }

        watches.Clear();
    }
}
