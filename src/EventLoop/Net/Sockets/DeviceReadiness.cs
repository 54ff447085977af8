using System.Net;
using System.Runtime.CompilerServices;
using EventLoop.Native;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net.Sockets;

/// <summary>
/// What is known about a device, its waiters by direction, and the attempts: all that the poller references of a <see cref="LoopSocket"/> or a pipe.
/// It does not reference the socket itself, so that the collector finds one that nobody uses any more; a waiter keeps it alive. Loop thread only.
/// <para>The bit of a direction is cleared by a proof only, and every change after the proof is reported. So a waiter is never forgotten while the bit is
/// clear; docs/architecture.md, "Readiness", goes through all cases.</para>
/// </summary>
internal sealed partial class DeviceReadiness : IDeviceOwner
{
    private readonly LoopCore core;
    private readonly StreamDevice device;
    private Action? onClosed;

    private readonly IoCounts? counts;

    /// <param name="core">The loop whose device it is.</param>
    /// <param name="device">The device.</param>
    /// <param name="createdAt">Null without debug mode.</param>
    /// <param name="counts">Where its bytes are counted, if anywhere.</param>
    internal DeviceReadiness(LoopCore core, StreamDevice device, string? createdAt, IoCounts? counts = null)
    {
        this.core = core;
        this.device = device;
        this.counts = counts;
        if (counts is not null)
        {
            counts.Open++;
        }

        CreatedAt = createdAt;
        device.Owner = this;
    }

    internal SocketState State = SocketState.Readable | SocketState.Writable;
    internal SocketWaiter? Reader;
    internal SocketWaiter? Writer;

    /// <summary>Whether a send was given up in its middle; its user may still close it in order.</summary>
    internal bool EndsInMiddle;

    // Whether a receive has met the peer's end: no input can come any more.
    private bool hasEnded;

    /// <summary>Null without debug mode.</summary>
    internal string? CreatedAt { get; }

    internal StreamDevice Device => device;

    internal bool IsClosed => (State & SocketState.Closed) != 0;

    void IDeviceOwner.OnReady(Readiness readiness)
    {
        if ((readiness & Readiness.Again) != 0)
        {
            TryReader((State & SocketState.Readable) != 0);
            return;
        }

        State |= (SocketState)(readiness & ~Readiness.Later) | ((readiness & Readiness.Readable) != 0 ? SocketState.JustTold : 0);
        TellWaiters(readiness);
    }

    private void TellWaiters(Readiness readiness)
    {
        TryReader((readiness & (Readiness.Readable | Readiness.Later)) == Readiness.Readable);
        if ((readiness & Readiness.Writable) != 0 && Writer is { } sending)
        {
            Writer = null;
            if (!TryAgain(sending))
            {
                WaitOn(sending, reads: false);
                if (HasSentEnough)
                {
                    TellAgainLater();
                }
            }
        }
    }

    private void TryReader(bool mayReceive)
    {
        if (mayReceive && Reader is { } receiving)
        {
            Reader = null;
            if (!TryAgain(receiving))
            {
                WaitOn(receiving, reads: true);
            }
        }
    }

    // Nobody has chosen this end: what waits to be sent is the middle of something.
    void IDeviceOwner.OnLoopClosed() => Close(abort: EndsInMiddle || Writer is not null, Reader is null && Writer is null ? "" : LastKnownPeer());

    /// <summary>Reads and drops what has arrived, including what the poller has not reported yet.</summary>
    /// <param name="dropped">Incremented by the number of bytes.</param>
    [SkipLocalsInit]
    internal DropOutcome Drop(ref long dropped)
    {
        const int MostAtOnce = 1 << 20;
        Span<byte> buffer = stackalloc byte[16 * 1024];
        int here = 0;
        while (!hasEnded)
        {
            int count = device.Receive(buffer);
            if (count == StreamDevice.WouldBlock)
            {
                NothingLeft();
                return DropOutcome.Nothing;
            }

            if (count <= 0)
            {
                hasEnded = true;
                break;
            }

            dropped += count;
            here += count;
            if (here >= MostAtOnce)
            {
                return DropOutcome.More;
            }
        }

        return DropOutcome.End;
    }

    /// <summary>Notes that nothing can be lost any more, whatever input comes.</summary>
    internal void LeaveUnread() => State &= ~SocketState.DropsUnread;

    /// <summary>Notes that an attempt has found nothing: the next arrival is a change, which will be reported.</summary>
    internal void NothingLeft() => State &= ~(SocketState.Readable | SocketState.JustTold | SocketState.ShortProvesNothing);

    // ---- Attempts

    internal bool MayReceive => (State & SocketState.Readable) != 0;

    internal int TryReceive(Span<byte> buffer)
    {
        if ((State & SocketState.Readable) == 0)
        {
            return StreamDevice.WouldBlock;
        }

        if (buffer.IsEmpty)
        {
            return CanReceive() ? 0 : StreamDevice.WouldBlock;
        }

        int count = CountReceived(AfterReceive(device.Receive(buffer)));
        hasEnded |= count == 0;
        if (count > 0 && count < buffer.Length && device.ShortMeansEmpty && (State & SocketState.ShortProvesNothing) == 0)
        {
            State &= ~SocketState.Readable;
        }

        return count;
    }

    internal bool CanReceive()
    {
        if ((State & (SocketState.Readable | SocketState.JustTold)) == SocketState.Readable && !device.IsReadable)
        {
            State &= ~SocketState.Readable;
        }

        return (State & SocketState.Readable) != 0;
    }

    internal int CountReceived(int count)
    {
        if (count > 0)
        {
            core.SpendBudgetOn(count);
            if (counts is not null)
            {
                counts.Received += count;
            }
        }

        return count;
    }

    internal int AfterReceive(int received)
    {
        State &= ~SocketState.JustTold;
        if (received == StreamDevice.WouldBlock)
        {
            NothingLeft();
        }

        return received;
    }

    /// <summary>Whether it was reported ready since the last attempt, or nothing is known: a waiter has to try once more.</summary>
    internal bool MayBe(bool reads) => (State & (reads ? SocketState.Readable : SocketState.Writable)) != 0;

    /// <summary>Tells the waiters again what is known, which is no news of the poller's.</summary>
    internal void TellAgain()
    {
        if (!IsClosed)
        {
            TellWaiters((Readiness)(State & (SocketState.Readable | SocketState.Writable)));
        }
    }

    /// <summary>Has the waiter notified when its direction becomes ready, or at once if that was reported between its attempt and now, because the poller
    /// reports nothing twice.</summary>
    /// <exception cref="IOException">The poller has no room for it.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The system has no room for it.</exception>
    internal void Wait(SocketWaiter waiter, bool reads)
    {
        Register(waiter, reads);
        if (MayBe(reads))
        {
            TellAgainLater();
        }
    }

    private void TellAgainLater() =>
        core.Ready.Enqueue(CallbackItem<DeviceReadiness>.Create(static told => told.TellAgain(), this, core.BaseContext));

    private void Register(SocketWaiter waiter, bool reads)
    {
        device.Arm(reads ? Readiness.Readable : Readiness.Writable);
        if (reads)
        {
            Reader = waiter;
        }
        else
        {
            Writer = waiter;
        }
    }

    internal void Leave(SocketWaiter waiter, bool reads)
    {
        if (reads && ReferenceEquals(Reader, waiter))
        {
            Reader = null;
        }
        else if (!reads && ReferenceEquals(Writer, waiter))
        {
            Writer = null;
        }
    }

    /// <summary>First marks it as closed, so that nothing begins any more; then waiters leave, through the ready queue; then the descriptor is
    /// closed.</summary>
    internal void Close(bool abort, string peer, string why = "")
    {
        if (IsClosed)
        {
            return;
        }

        abort |= (State & SocketState.Cut) != 0;
        if (!abort && (State & SocketState.DropsUnread) != 0)
        {
            long dropped = 0;
            Drop(ref dropped);
        }

        State |= SocketState.Closed;
        if (counts is not null)
        {
            counts.Open--;
        }

        (var receiving, Reader) = (Reader, null);
        (var sending, Writer) = (Writer, null);
        receiving?.OnClosed(ClosedException(peer, why));
        sending?.OnClosed(ClosedException(peer, why));
        device.Close(abort);
        (var told, onClosed) = (onClosed, null);
        told?.Invoke();
    }

    /// <summary>Releases a device that nobody waits for: it is another loop's from now on.</summary>
    internal void Leave()
    {
        State |= SocketState.Closed;
        if (counts is not null)
        {
            counts.Open--;
        }
    }

    /// <summary>Registers a call for when the device is closed, by whomever. The call runs no user code and does not throw.</summary>
    internal void WhenClosed(Action call)
    {
        if (IsClosed)
        {
            call();
        }
        else
        {
            onClosed += call;
        }
    }

    /// <summary>Closes it because its socket was collected.</summary>
    /// <param name="loop">Its loop.</param>
    /// <param name="known">The address that the socket knew, if any.</param>
    internal void CloseForgotten(Loop loop, EndPoint? known)
    {
        if (IsClosed)
        {
            return;
        }

        string? peer = device.IsKeptByUserOnly ? null : LastKnownPeer();
        if (peer is null)
        {
            LeaveUnread();      // what would be read may be another file's
        }

        // Now it has no number, and its addresses can be asked for without the system.
        Close(abort: false, "");
        loop.OnSocketForgotten(peer ?? (known is null ? LastKnownPeer() : SocketErrors.Text(known)), CreatedAt);
    }

    internal const string DisposedElsewhere =
        " What it was made from was disposed by somebody else: dispose the object that was made of it, and nothing below.";

    internal ObjectDisposedException ClosedException(string peer, string why = "") => device is SocketDevice
        ? new ObjectDisposedException(nameof(LoopSocket), $"The socket to {peer} is closed.{why}")
        : new ObjectDisposedException("pipe", $"The pipe is closed.{why}");

    private void WaitOn(SocketWaiter waiter, bool reads)
    {
        try
        {
            Register(waiter, reads);
        }
        catch (Exception refused)
        {
            waiter.OnClosed(refused);
        }
    }

    // An exception of an attempt is that attempt's failure: the poll continues with the next event.
    private static bool TryAgain(SocketWaiter waiter)
    {
        try
        {
            return waiter.TryAgain();
        }
        catch (Exception failure)
        {
            waiter.OnClosed(failure);
            return true;
        }
    }

    private string LastKnownPeer() =>
        device is SocketDevice socket && (socket.RemoteEndPoint ?? socket.LocalEndPoint) is { } known ? SocketErrors.Text(known) : "nobody";
}
