using System.Net.Sockets;
using EventLoop.Native;

namespace EventLoop.Polling;

/// <summary>
/// One non-blocking stream of bytes: the seam between <c>Net</c> and the operating system. Every call answers at once; what moves bytes answers a count, or
/// minus a <see cref="SocketError"/>, <see cref="WouldBlock"/> when it has to be tried again after <see cref="Arm"/> and
/// <see cref="IDeviceOwner.OnReady"/>. Calls that a signal interrupted are repeated here. Loop thread only.
/// </summary>
internal abstract class StreamDevice : PollSource
{
    internal const int WouldBlock = -(int)SocketError.WouldBlock;

    internal const int MostVectors = 64;

    // .NET's "some error" is -1, and minus that would be a count.
    private const int SomeError = int.MinValue;

    /// <summary>Notified when it becomes ready.</summary>
    internal IDeviceOwner? Owner;

    /// <summary>An error as an answer of a call that moves bytes: negative, whatever it is; zero for success.</summary>
    internal static int Answer(SocketError error) => error == SocketError.SocketError ? SomeError : -(int)error;

    /// <summary>The error that a negative answer stands for.</summary>
    internal static SocketError ToError(int answer) => answer == SomeError ? SocketError.SocketError : (SocketError)(-answer);

    /// <summary>Whether a receive that did not fill its buffer has taken all there was, unless an end or urgent data are known of.</summary>
    internal abstract bool ShortMeansEmpty { get; }

    internal sealed override void OnReady(Readiness readiness) => Owner?.OnReady(readiness);

    /// <summary>The owner waits: from now on it is notified. What becomes ready in between is not lost.</summary>
    /// <exception cref="SocketException">The system has no room for another registration.</exception>
    internal abstract void Arm(Readiness interest);

    internal abstract int Receive(Span<byte> buffer);

    /// <summary>Whether a receive or an accept would have an answer now: bytes, a connection, the end or an error. It takes none of them.</summary>
    internal abstract bool IsReadable { get; }

    /// <summary>Whether its readiness tells an end of the peer's side, and a broken connection, from bytes that have come (<see
    /// cref="Readiness.HangUp"/>).</summary>
    internal virtual bool ReportsHangUps => false;

    internal abstract int Send(ReadOnlySpan<byte> bytes);

    /// <summary>One system call for all of them, at most <see cref="MostVectors"/>, where the system has such a call; here one for each.</summary>
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

    /// <summary>Leaves the poller, then closes.</summary>
    /// <param name="abort">With a reset instead of an orderly end, where there is a difference; what was not sent yet is dropped.</param>
    internal abstract void Close(bool abort);
}

/// <summary>Who waits for a device.</summary>
internal interface IDeviceOwner
{
    /// <summary>Inside the poll, with no context: runs no user code and does not throw.</summary>
    void OnReady(Readiness readiness);

    /// <summary>The loop is closed, and with it everything it watched.</summary>
    void OnLoopClosed();
}
