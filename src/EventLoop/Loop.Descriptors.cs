using System.Runtime.InteropServices;
using EventLoop.Descriptors;

namespace EventLoop;

// Descriptors that others own: sockets, pipes and terminals that some library reads and writes itself.
public sealed partial class Loop
{
    private DescriptorWatches? watches;

    /// <summary>Calls <paramref name="callback"/> whenever the descriptor is readable. asyncio: <c>add_reader</c>.</summary>
    /// <param name="handle">A socket, a pipe or a terminal, usually non-blocking. It remains its owner's; once it is closed the callback is no longer
    /// called.</param>
    /// <param name="callback">Called in every turn while the descriptor is readable, so it has to read. It replaces an earlier one. An exception goes to the
    /// exception handler.</param>
    /// <remarks><b>Thread:</b> the loop's. On the portable poller the handle must be a <see cref="System.Net.Sockets.SafeSocketHandle"/>.</remarks>
    /// <exception cref="IOException">The handle cannot be polled; usually a regular file.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop or the handle is closed.</exception>
    public void AddReader(SafeHandle handle, Action callback) => SetWatch(handle, reads: true, Required(callback), nameof(AddReader));

    /// <summary>Calls <paramref name="callback"/> whenever the descriptor is writable. asyncio: <c>add_writer</c>.</summary>
    /// <param name="handle">A socket, a pipe or a terminal, usually non-blocking. It remains its owner's; once it is closed the callback is no longer
    /// called.</param>
    /// <param name="callback">Called in every turn while the descriptor is writable, so remove it when there is nothing to write. It replaces an earlier
    /// one.</param>
    /// <inheritdoc cref="AddReader" path="/remarks"/>
    /// <inheritdoc cref="AddReader" path="/exception"/>
    public void AddWriter(SafeHandle handle, Action callback) => SetWatch(handle, reads: false, Required(callback), nameof(AddWriter));

    /// <summary>Removes the read callback. asyncio: <c>remove_reader</c>.</summary>
    /// <param name="handle">The handle that it was added for.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    public bool RemoveReader(SafeHandle handle) => SetWatch(handle, reads: true, null, nameof(RemoveReader));

    /// <summary>Removes the write callback. asyncio: <c>remove_writer</c>.</summary>
    /// <param name="handle">The handle that it was added for.</param>
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

        return (watches ??= new DescriptorWatches(Core)).Set(handle, reads, callback);
    }

    /// <summary>Drops watches of handles that have been closed, which nobody reports.</summary>
    internal void ForgetClosedWatches() => watches?.ForgetClosed(always: true);
}
