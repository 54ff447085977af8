using System.Net.Sockets;
using EventLoop.Native;

namespace EventLoop.Polling;

/// <summary>
/// One non-blocking stream of bytes: the seam between <c>Net</c> and the operating system. Every call returns at once; calls that move bytes return a count,
/// or minus a <see cref="SocketError"/>, <see cref="WouldBlock"/> if they have to be tried again after <see cref="Arm"/> and
/// <see cref="IDeviceOwner.OnReady"/>. Calls that a signal interrupted are repeated here. Loop thread only.
/// </summary>
internal abstract class StreamDevice : PollSource
{
    internal const int WouldBlock = -(int)SocketError.WouldBlock;

    internal const int MostVectors = 64;

    // .NET's "some error" is -1, and its negative would be a count.
    private const int SomeError = int.MinValue;

    /// <summary>Notified when the device becomes ready.</summary>
    internal IDeviceOwner? Owner;

    /// <summary>Encodes an error as the result of a call that moves bytes: negative, whatever it is; zero for success.</summary>
    internal static int Answer(SocketError error) => error == SocketError.SocketError ? SomeError : -(int)error;

    /// <summary>The error that a negative result stands for.</summary>
    internal static SocketError ToError(int answer) => answer == SomeError ? SocketError.SocketError : (SocketError)(-answer);

    /// <summary>Whether a receive that did not fill its buffer has taken everything, unless an end or urgent data is known.</summary>
    internal abstract bool ShortMeansEmpty { get; }

    internal sealed override void OnReady(Readiness readiness) => Owner?.OnReady(readiness);

    /// <summary>Notifies the owner from now on. What becomes ready in between is not lost.</summary>
    /// <exception cref="SocketException">The system has no room for another registration.</exception>
    internal abstract void Arm(Readiness interest);

    internal abstract int Receive(Span<byte> buffer);

    /// <summary>Whether a receive or an accept would return something now: bytes, a connection, the end or an error. It consumes nothing.</summary>
    internal abstract bool IsReadable { get; }

    /// <summary>Whether its readiness tells the end of the peer's side, or a broken connection, apart from bytes that have arrived
    /// (<see cref="Readiness.HangUp"/>).</summary>
    internal virtual bool ReportsHangUps => false;

    internal abstract int Send(ReadOnlySpan<byte> bytes);

    /// <summary>Sends all of them, at most <see cref="MostVectors"/>, with one system call where the system has such a call; here with one for each.</summary>
    internal virtual int Send(ReadOnlySpan<IoVector> vectors)
    {
        int total = 0;
        foreach (var vector in vectors)
        {
            int count = Send(vector.Span);
            if (count < 0)
            {
                return total > 0 ? total : count;
            }

            total += count;
            if (count < vector.Span.Length)
            {
                break;
            }
        }

        return total;
    }

    /// <summary>Whether only its user keeps it alive, and not the poller: if the collector finds the user, the device's own finalizer may have closed it, or
    /// be about to, and its number is another file's then.</summary>
    internal virtual bool IsKeptByUserOnly => false;

    /// <summary>Leaves the poller, then closes.</summary>
    /// <param name="abort">Whether to reset it instead of ending it in order, where there is a difference; what has not been sent is dropped.</param>
    internal abstract void Close(bool abort);
}

/// <summary>The owner of a device, which waits for it.</summary>
internal interface IDeviceOwner
{
    /// <summary>Called inside the poll, without a context: runs no user code and does not throw.</summary>
    void OnReady(Readiness readiness);

    /// <summary>Called when the loop is closed, and with it everything it watched.</summary>
    void OnLoopClosed();
}
