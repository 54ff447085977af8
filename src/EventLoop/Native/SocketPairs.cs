using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Native;

/// <summary>Pairs of connected Unix sockets: one for this process, one for a child.</summary>
internal static unsafe class SocketPairs
{
    /// <exception cref="IOException">No descriptors are left.</exception>
    internal static (SafeSocketHandle Ours, SafeFileHandle Theirs) Make()
    {
        const int unix = 1, stream = 1, closeOnExec = 0x80000;
        int* ends = stackalloc int[2];
        return Libc.SocketPair(unix, stream | closeOnExec, 0, ends) == 0
            ? (new SafeSocketHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true))
            : throw new IOException($"No pair of sockets could be made: {Marshal.GetPInvokeErrorMessage(Libc.LastError)}.");
    }
}
