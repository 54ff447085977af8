using System.Runtime.InteropServices;
using EventLoop.Net;

namespace EventLoop;

// Descriptors of others: sockets, pipes and terminals that some library reads and writes itself.
public sealed partial class Loop
{
    private readonly Dictionary<nint, DescriptorWatch> watches = [];

    internal BufferPool Buffers => field ??= new BufferPool();

    /// <summary>Has <paramref name="callback"/> called whenever there is something to read. asyncio: <c>add_reader</c>.</summary>
    /// <param name="handle">Of a socket, a pipe or a terminal, non-blocking as a rule. It stays its owner's: remove the callback before closing it.</param>
    /// <param name="callback">Called again in every turn as long as it is readable, so it has to read. It replaces an earlier one. What it throws goes to the exception handler.</param>
    /// <remarks><b>Thread:</b> the loop's. On the portable poller the handle must be a <see cref="System.Net.Sockets.SafeSocketHandle"/>.</remarks>
    /// <exception cref="IOException">It cannot be polled: a regular file, as a rule.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop or the handle is closed.</exception>
    public void AddReader(SafeHandle handle, Action callback) => SetWatch(handle, reads: true, Required(callback), nameof(AddReader));

    /// <summary>Has <paramref name="callback"/> called whenever there is room to write. asyncio: <c>add_writer</c>.</summary>
    /// <param name="handle">Of a socket, a pipe or a terminal, non-blocking as a rule. It stays its owner's: remove the callback before closing it.</param>
    /// <param name="callback">Called again in every turn as long as it is writable, so remove it when there is nothing to write. It replaces an earlier one.</param>
    /// <inheritdoc cref="AddReader" path="/remarks"/>
    /// <inheritdoc cref="AddReader" path="/exception"/>
    public void AddWriter(SafeHandle handle, Action callback) => SetWatch(handle, reads: false, Required(callback), nameof(AddWriter));

    /// <summary>Takes the read callback away. asyncio: <c>remove_reader</c>.</summary>
    /// <param name="handle">The same handle, not yet closed.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    public bool RemoveReader(SafeHandle handle) => SetWatch(handle, reads: true, null, nameof(RemoveReader));

    /// <summary>Takes the write callback away. asyncio: <c>remove_writer</c>.</summary>
    /// <param name="handle">The same handle, not yet closed.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    public bool RemoveWriter(SafeHandle handle) => SetWatch(handle, reads: false, null, nameof(RemoveWriter));

    private bool SetWatch(SafeHandle handle, bool reads, Action? callback, string member)
    {
        ArgumentNullException.ThrowIfNull(handle);
        VerifyOpen(member);
        nint number = handle.DangerousGetHandle();
        if (!watches.TryGetValue(number, out var watch))
        {
            if (callback is null)
            {
                return false;
            }

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

    // The references that were taken on the handles of others are given back when the loop closes.
    private void EndWatches()
    {
        foreach (var watch in watches.Values)
        {
            watch.Set(reads: true, null);
            watch.Set(reads: false, null);
        }

        watches.Clear();
    }
}
