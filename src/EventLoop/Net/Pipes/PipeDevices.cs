using EventLoop.Polling;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Net.Pipes;

/// <summary>Devices for descriptors that users provide.</summary>
internal static class PipeDevices
{
    /// <exception cref="IOException">It cannot be polled.</exception>
    internal static StreamDevice Adopt(SafeFileHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return LoopCore.Required.Poller.AdoptPipe(handle, isOurs: false);
    }

    internal static string NameOf(SafeFileHandle handle) => $"descriptor {handle.DangerousGetHandle()}";
}
