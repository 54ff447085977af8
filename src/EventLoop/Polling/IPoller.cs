using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EventLoop.Polling;

/// <summary>Where the loop blocks and receives events. One for each loop.</summary>
internal interface IPoller : IDisposable
{
    /// <summary>The name of the mechanism, for diagnostics.</summary>
    string Name { get; }

    /// <summary>Whether anything is registered, so that even a busy loop has to poll from time to time, and a virtual clock stands still.</summary>
    bool HasSources { get; }

    /// <summary>
    /// Loop thread. Collects events and puts what they complete on the ready queue; waits for the first for at most <paramref name="timeout"/> ticks of 100
    /// ns, zero for a look only, negative for no limit.
    /// </summary>
    void Poll(long timeout);

    /// <summary>Any thread. Ends the current wait, or the next one if there is none.</summary>
    void Wake();

    /// <summary>Loop thread. Renews the wake-up mechanism, because a wake-up was lost.</summary>
    void RenewWake() { }

    /// <summary>Loop thread. Opens a non-blocking socket.</summary>
    /// <exception cref="SocketException">No socket could be opened.</exception>
    SocketDevice Open(AddressFamily family, SocketType type, ProtocolType protocol);

    /// <summary>Loop thread. Takes over a socket that somebody else made: it becomes non-blocking, and closing the device disposes it.</summary>
    SocketDevice Adopt(Socket socket);

    /// <summary>Whether it can watch pipes and the handles of processes.</summary>
    bool HasPipes => false;

    /// <summary>Loop thread. Takes over one end of a pipe, or a terminal: it becomes non-blocking, and closing the device disposes the handle.</summary>
    /// <param name="handle">A handle that can be polled.</param>
    /// <param name="isOurs">Whether it is a pipe that was made here, and non-blocking already.</param>
    /// <exception cref="IOException">The handle cannot be polled.</exception>
    /// <exception cref="PlatformNotSupportedException">This poller has no pipes.</exception>
    StreamDevice AdoptPipe(Microsoft.Win32.SafeHandles.SafeFileHandle handle, bool isOurs) =>
        throw new PlatformNotSupportedException("Pipes and child processes need the epoll poller, which exists on Linux only (LoopOptions.Poller: "
            + "PollerKind.Auto or PollerKind.Epoll).");

    /// <summary>
    /// Loop thread. Watches a descriptor that remains its owner's: its readiness is reported once, and watched again by the next call. Its owner may close it
    /// at any time and is not held up by the watch, which then has to be ended like any other.
    /// </summary>
    /// <param name="source">What is notified.</param>
    /// <param name="handle">A handle that can be polled: a socket, a pipe, a terminal.</param>
    /// <param name="interest">None ends the watch.</param>
    /// <exception cref="IOException">The handle cannot be polled.</exception>
    /// <exception cref="ObjectDisposedException">The handle is closed, and the watch does not end.</exception>
    void Watch(PollSource source, SafeHandle handle, Readiness interest);
}
