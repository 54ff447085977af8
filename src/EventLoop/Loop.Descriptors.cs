using System.Runtime.InteropServices;
using EventLoop.Descriptors;

namespace EventLoop;

// Descriptors of others: sockets, pipes and terminals that some library reads and writes itself.
public sealed partial class Loop
{
    private DescriptorWatches? watches;

    /// <summary>Has <paramref name="callback"/> called whenever there is something to read. asyncio: <c>add_reader</c>.</summary>
    /// <param name="handle">Of a socket, a pipe or a terminal, non-blocking as a rule. It stays its
    /// owner's; when it is closed the callback is not called any more.</param>
    /// <param name="callback">Called again in every turn as long as it is readable, so it has to read. It replaces
    /// an earlier one. What it throws goes to the exception handler.</param>
    /// <remarks><b>Thread:</b> the loop's. On the portable poller the handle must be a <see cref="System.Net.Sockets.SafeSocketHandle"/>.</remarks>
    /// <exception cref="IOException">It cannot be polled: a regular file, as a rule.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread.</exception>
    /// <exception cref="ObjectDisposedException">The loop or the handle is closed.</exception>
    public void AddReader(SafeHandle handle, Action callback) => SetWatch(handle, reads: true, Required(callback), nameof(AddReader));

    /// <summary>Has <paramref name="callback"/> called whenever there is room to write. asyncio: <c>add_writer</c>.</summary>
    /// <param name="handle">Of a socket, a pipe or a terminal, non-blocking as a rule. It stays its
    /// owner's; when it is closed the callback is not called any more.</param>
    /// <param name="callback">Called again in every turn as long as it is writable, so remove it when
    /// there is nothing to write. It replaces an earlier one.</param>
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

        return (watches ??= new DescriptorWatches(Core)).Set(handle, reads, callback);
    }

    /// <summary>Nobody tells when a handle is closed.</summary>
    internal void ForgetClosedWatches() => watches?.ForgetClosed(always: true);
}
