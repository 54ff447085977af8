using System.Net.Sockets;
using EventLoop.Native;

namespace EventLoop.Polling;

// The same socket for others: any thread.
internal sealed partial class EpollSocket
{
    private int duplicating;                 // how many threads are in the middle of AsSocket: interlocked

    // With a descriptor of its own, so that no number is used that may be another file's by then, and nobody closes the loop's.
    internal override Socket? AsSocket()
    {
        if (Volatile.Read(ref owner) is { } known)
        {
            return known;
        }

        Interlocked.Increment(ref duplicating);
        int own = Volatile.Read(ref descriptor);      // not closed before this thread has left: Close waits
        int another = own < 0 ? -1 : Libc.Control(own, DuplicateCloseOnExec, 0);
        int error = Libc.LastError;
        Interlocked.Decrement(ref duplicating);
        if (another < 0)
        {
            return own < 0 ? null : throw new SocketException((int)Errno.ToSocketError(error));
        }

        var made = new Socket(new SafeSocketHandle(another, ownsHandle: true));
        if (Interlocked.CompareExchange(ref owner, made, null) is { } first)
        {
            made.Dispose();
            return first;
        }

        if (Volatile.Read(ref descriptor) < 0)
        {
            made.Dispose();      // closed meanwhile, possibly without having seen it
        }

        return made;
    }
}
