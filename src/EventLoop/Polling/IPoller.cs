using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EventLoop.Polling;

/// <summary>Where the loop blocks and learns of events. One per loop.</summary>
internal interface IPoller : IDisposable
{
    /// <summary>For diagnostics: which mechanism this is.</summary>
    string Name { get; }

    /// <summary>Something is registered, so that even a busy loop has to ask from time to time, and a virtual clock stands still.</summary>
    bool HasSources { get; }

    /// <summary>
    /// Loop thread. Collects events and puts what they complete on the ready queue; waits for the first for at most
    /// <paramref name="timeout"/> ticks of 100 ns, zero for a look only, negative for as long as it takes.
    /// </summary>
    void Poll(long timeout);

    /// <summary>Any thread. Ends the wait that is under way, or the next one if none is.</summary>
    void Wake();

    /// <summary>Loop thread. A wake-up was lost: what it goes by is made anew.</summary>
    void RenewWake() { }

    /// <summary>Loop thread. A new non-blocking socket.</summary>
    /// <exception cref="SocketException">There is none to be had.</exception>
    SocketDevice Open(AddressFamily family, SocketType type, ProtocolType protocol);

    /// <summary>Loop thread. Takes over a socket that somebody else made: it becomes non-blocking, and closing the device disposes it.</summary>
    SocketDevice Adopt(Socket socket);

    /// <summary>Whether it can watch pipes and the handles of processes.</summary>
    bool HasPipes => false;

    /// <summary>Loop thread. Takes over one end of a pipe, or a terminal: it becomes non-blocking, and closing the device disposes the handle.</summary>
    /// <param name="handle">Of something that can be polled.</param>
    /// <param name="isOurs">It is a pipe that was made here, non-blocking already.</param>
    /// <exception cref="IOException">It cannot be polled.</exception>
    /// <exception cref="PlatformNotSupportedException">This poller has no pipes.</exception>
    StreamDevice AdoptPipe(Microsoft.Win32.SafeHandles.SafeFileHandle handle, bool isOurs) =>
        throw new PlatformNotSupportedException("Pipes and child processes need the epoll poller, which exists on Linux only (LoopOptions.Poller: "
            + "PollerKind.Auto or PollerKind.Epoll).");

    /// <summary>
    /// Loop thread. Watches a descriptor that stays its owner's: its readiness is reported once, and watched again by the next call. Its owner may close it at
    /// any time and is not held up by the watch, which then is to be ended like any other.
    /// </summary>
    /// <param name="source">What is notified.</param>
    /// <param name="handle">Of something that can be polled: a socket, a pipe, a terminal.</param>
    /// <param name="interest">None ends the watch.</param>
    /// <exception cref="IOException">It cannot be polled.</exception>
    /// <exception cref="ObjectDisposedException">It is closed, and the watch does not end.</exception>
    void Watch(PollSource source, SafeHandle handle, Readiness interest);
}
