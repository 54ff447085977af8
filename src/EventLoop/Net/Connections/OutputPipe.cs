using System.Diagnostics;
using System.IO.Pipelines;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>
/// The sending half of a stream: a PipeWriter directly on the transport. A flush sends everything with one vectored call; what the system does not accept at
/// once is sent when it does, and a flush waits only while more than the high-water mark is left, until less than the low-water mark is. Loop thread only.
/// </summary>
internal sealed partial class OutputPipe : PipeWriter
{
    internal const int HighWater = 64 * 1024;
    internal const int LowWater = 16 * 1024;

    private readonly StreamOwner owner;
    private WaiterQueue waiting;     // waiters for operations, first come, first served: what a later write brings stays behind
    private SegmentChain blocks;
    private long unsent;
    private long unflushed;
    private bool transferring;   // a file or a handshake is in progress: nothing else may send
    private bool completed;
    private bool cancelRequested;
    private Exception? failure;

    internal OutputPipe(StreamOwner owner) => this.owner = owner;

    internal StreamOwner Owner => owner;

    internal bool IsEmpty => unsent == 0 && waiting.IsEmpty && !transferring;

    /// <summary>Whether a write need not wait for others.</summary>
    internal bool IsFree => !transferring && waiting.IsEmpty;

    internal long Unsent => unsent + (file?.Part.Length ?? 0);

    /// <summary>The most that was left after a write or flush had sent what the system takes.</summary>
    internal long PeakUnsent { get; private set; }

    internal bool IsBroken => failure is not null;

    // ---- For the connection

    /// <summary>The first attempt of a write.</summary>
    internal bool TryBegin(ref ReadOnlyMemory<byte> rest, bool drain)
    {
        if (!drain || !rest.IsEmpty)
        {
            VerifyUsable();
            VerifyNotClosing();
        }

        return IsFree && TryContinue(ref rest, drain);
    }

    /// <summary>True when everything is sent, or is in the pipe and what is unsent is below the mark.</summary>
    internal bool TryContinue(ref ReadOnlyMemory<byte> rest, bool drain)
    {
        if (failure is not null)
        {
            throw Again(failure);
        }

        if (owner.IsClosed)
        {
            throw owner.ClosedException();
        }

        if (Coalesces && !drain && TryDefer(ref rest))
        {
            return true;
        }

        if (unsent > 0 && !draining)
        {
            Send();
        }

        if (unsent == 0 && !rest.IsEmpty && owner.Transport.SendsDirectly)
        {
            SendDirectly(ref rest);
        }

        while (!rest.IsEmpty && unsent < HighWater)
        {
            Copy(ref rest);
            if (!draining)
            {
                Send();
            }
        }

        if (failure is not null)
        {
            throw Again(failure);      // the transport refused to notify when it accepts more, and what was in the pipe is dropped
        }

        if (unsent > PeakUnsent)
        {
            PeakUnsent = unsent;
        }

        return rest.IsEmpty && unsent <= (drain ? 0 : HighWater);
    }

    internal void Enqueue(WaitNode node, bool isOfTransfer)
    {
        if (isOfTransfer)
        {
            file!.Waiting = node;
        }
        else
        {
            waiting.Add(node);
        }

        if (!transferring || isOfTransfer)
        {
            EnsureDraining();
        }

        AssertInvariants();
    }

    /// <summary>Puts everything into the pipe, whatever the marks say.</summary>
    internal bool TryTake(ref ReadOnlyMemory<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            Copy(ref rest);
        }

        return true;
    }

    /// <summary>The waiting call on the PipeWriter; the last one, if somebody makes several at the same time.</summary>
    internal OutputOperation? Flushing { get; set; }

    internal void Forget(OutputOperation operation)
    {
        if (ReferenceEquals(Flushing, operation))
        {
            Flushing = null;
        }
    }

    internal void Leave(WaitNode node)
    {
        if (ReferenceEquals(node, file?.Waiting))
        {
            file!.Waiting = null;
        }
        else
        {
            waiting.Remove(node);
        }
    }

    /// <summary>The rest of something that was sent in part will not come.</summary>
    internal void Cut(Exception why) => Fail(why);

    internal void OnClosed(Exception reason)
    {
        if (IsMiddle)
        {
            owner.Transport.Cut();
        }

        failure ??= reason;
        Clear();
        LeaveTransport();
        while ((file?.Waiting ?? waiting.First) is { } node)
        {
            Leave(node);
            Operation(node).OnClosed(reason);
        }

        EndTransferNow();      // a file or a handshake will not end it any more: what is written from now on would wait behind it for ever
    }

    // Some of what was promised to go out is still here.
    private bool IsMiddle => unsent > unflushed || file is { Part.IsEmpty: false } || (waiting.First is { } next && Operation(next).HasBegunToGo);

    private static OutputOperation Operation(WaitNode node) => (OutputOperation)node.Target!;

    // Memory for what others write, which is never memory that is lent.
    private BufferSegment Room(int least)
    {
        if (blocks.Tail is { } last && last.FreeLength >= least)
        {
            return last;
        }

        if (unsent == 0)
        {
            Clear();
        }

        var segment = owner.Buffers.Rent(Math.Max(least, unsent >= BufferPool.SmallestBlock ? 4 * BufferPool.SmallestBlock : BufferPool.SmallestBlock));
        blocks.Append(segment);
        return segment;
    }

    private void VerifyUsable()
    {
        if (completed)
        {
            throw new InvalidOperationException($"Writing was completed: nothing can be sent on this {owner.Kind} any more.");
        }
    }

    /// <summary>What was written before the close began still goes out, but nothing more.</summary>
    internal void VerifyNotClosing()
    {
        if (owner.IsClosing)
        {
            throw owner.ClosedException();
        }
    }

    private void Copy(ref ReadOnlyMemory<byte> rest)
    {
        SetLoanApart();
        var room = Room(Math.Min(rest.Length, HighWater)).Free;
        int count = Math.Min(room.Length, rest.Length);
        rest.Span[..count].CopyTo(room.Span);
        blocks.Tail!.Fill(count);
        unsent += count;
        rest = rest[count..];
        AssertInvariants();
    }

    private void SendDirectly(ref ReadOnlyMemory<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            int count = owner.Transport.TrySend(rest);
            if (count < 0)
            {
                if (count != StreamDevice.WouldBlock)
                {
                    throw Broken(count);
                }

                return;
            }

            rest = rest[count..];
        }
    }

    private Exception Broken(int error)
    {
        failure ??= owner.Transport.Explain(error, reads: false);
        Clear();
        return failure;
    }

    private void Fail(Exception why)
    {
        owner.Transport.Cut();
        OnClosed(failure ?? why);
    }

    // Throwing one exception object a second time would extend its trace; and each write has its own failure.
    private static Exception Again(Exception first) => first switch
    {
        ObjectDisposedException closed => new ObjectDisposedException(closed.ObjectName, closed.Message),
        _ => new IOException(first.Message, first),
    };

    private void Clear()
    {
        renewable = null;
        if ((loan is not null && ReferenceEquals(loan, blocks.Tail)) || owner.Transport.HoldsOutput)
        {
            blocks.Forget();
        }
        else
        {
            blocks.Clear(owner.Buffers);
        }

        unsent = 0;
        unflushed = 0;
        AssertInvariants();
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(unflushed >= 0 && unflushed <= unsent, "What was not flushed is not sent.");
        blocks.AssertHolds(unsent);
        Debug.Assert(file is null or { Waiting: null, Part.IsEmpty: true } || transferring, "A part of a file waits only while a file is under way.");
    }
}
