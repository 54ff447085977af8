using System.IO.Pipelines;
using EventLoop.Polling;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>
/// A connection's sending half: a PipeWriter straight on the transport. A flush sends everything with one vectored call; what the system does not take
/// goes out when it does, and a flush waits only when more than the high-water mark is left, until less than the low one is. Loop thread only.
/// </summary>
internal sealed partial class OutputPipe : PipeWriter
{
    internal const int HighWater = 64 * 1024;
    internal const int LowWater = 16 * 1024;

    private readonly Connection owner;
    private readonly Drain drain;
    private readonly List<OutputOperation> waiting = [];     // first come first served: what a later write brings stays behind
    private SegmentChain blocks;
    private long unsent;
    private long unflushed;
    private bool draining;
    private bool lent;           // GetMemory gave out the free part of the last block, and Advance has not come yet
    private bool transferring;   // a file is under way: only what belongs to it may send
    private bool completed;
    private bool cancelRequested;
    private Exception? failure;

    internal OutputPipe(Connection owner)
    {
        this.owner = owner;
        drain = new Drain(this);
    }

    internal Connection Owner => owner;

    internal bool IsEmpty => unsent == 0 && waiting.Count == 0 && !transferring;

    internal bool IsBroken => failure is not null;

    // ---- For the connection

    /// <summary>The first attempt of a write.</summary>
    internal bool TryBegin(ref ReadOnlyMemory<byte> rest, bool drain, bool ofTransfer)
    {
        if (!ofTransfer && (!drain || !rest.IsEmpty))
        {
            VerifyUsable();
        }

        return (transferring ? ofTransfer : waiting.Count == 0) && TryGoOn(ref rest, drain);
    }

    /// <summary>True when all of it is sent, or is in the pipe and what is unsent is below the mark.</summary>
    internal bool TryGoOn(ref ReadOnlyMemory<byte> rest, bool drain)
    {
        if (failure is not null)
        {
            throw Again(failure);
        }

        if (owner.IsClosed)
        {
            throw owner.ClosedException();
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
            throw Again(failure);      // the transport refused to tell when it takes more, and what was in the pipe is dropped
        }

        return rest.IsEmpty && unsent <= (drain ? 0 : HighWater);
    }

    internal void Enqueue(OutputOperation operation)
    {
        waiting.Insert(operation.OfTransfer ? 0 : waiting.Count, operation);
        if (!transferring || operation.OfTransfer)
        {
            EnsureDraining();
        }
    }

    /// <summary>Everything before it is sent: a file goes next, and whatever is written meanwhile waits behind it.</summary>
    internal void BeginTransfer() => transferring = true;

    /// <param name="broken">Why nothing can follow: part of the file is missing.</param>
    internal void EndTransfer(Exception? broken)
    {
        transferring = false;
        if (broken is not null)
        {
            Fail(broken);
        }
        else if (!draining)
        {
            draining = true;
            if (!GoOnDraining())
            {
                draining = false;
                EnsureDraining();
            }
        }
    }

    internal void Leave(OutputOperation operation, bool isCutShort)
    {
        waiting.Remove(operation);
        if (isCutShort)
        {
            Fail(new IOException("A write was cancelled after part of it had gone; the stream cannot go on."));
        }
    }

    internal void OnClosed(Exception reason)
    {
        failure ??= reason;
        Clear();
        while (waiting.Count > 0)
        {
            var operation = waiting[0];
            waiting.RemoveAt(0);
            operation.OnClosed(reason);
        }
    }

    private BufferSegment Room(int sizeHint)
    {
        int least = Math.Max(sizeHint, 1);
        if (blocks.Tail is { } last && last.FreeLength >= least)
        {
            return last;
        }

        if (unsent == 0)
        {
            blocks.Clear(owner.Buffers);      // it was lent and is too small: whoever asks again gives it up
        }

        var segment = owner.Buffers.Rent(Math.Max(least, unsent >= BufferPool.SmallestBlock ? 4 * BufferPool.SmallestBlock : BufferPool.SmallestBlock));
        blocks.Append(segment);
        return segment;
    }

    private void VerifyUsable()
    {
        if (completed)
        {
            throw new InvalidOperationException("Writing was completed: nothing can be sent on this connection any more.");
        }
    }

    private void Copy(ref ReadOnlyMemory<byte> rest)
    {
        var room = Room(Math.Min(rest.Length, HighWater)).Free;
        int count = Math.Min(room.Length, rest.Length);
        rest.Span[..count].CopyTo(room.Span);
        blocks.Tail!.Fill(count);
        unsent += count;
        rest = rest[count..];
    }

    private void SendDirectly(ref ReadOnlyMemory<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            int count = owner.Transport.TrySend(rest);
            if (count < 0)
            {
                if (count != SocketDevice.WouldBlock)
                {
                    throw Broken(count);
                }

                return;
            }

            rest = rest[count..];
        }
    }

    // As much as goes; has the rest sent later.
    private void Send()
    {
        if (!SendWhatGoes())
        {
            EnsureDraining();
        }
    }

    private void Sent(int count)
    {
        unsent -= count;
        blocks.Consume(count, owner.Buffers, keepLast: lent);
        if (unsent == 0 && !lent)
        {
            Clear();
        }
    }

    private void EnsureDraining()
    {
        if (draining || owner.IsClosed)
        {
            return;
        }

        draining = true;
        if (owner.Transport.Wait(drain, reads: false) is { } refused)
        {
            draining = false;
            Fail(refused);
        }
    }

    // The transport may take more. True when there is nothing more to wait for.
    private bool GoOnDraining()
    {
        try
        {
            bool blocked = false;
            while (!blocked)
            {
                blocked = !SendWhatGoes();
                int stillWaiting = waiting.Count;
                while (unsent <= LowWater && MayGoOn && waiting[0].TryAgain())
                {
                    waiting.RemoveAt(0);
                }

                if (unsent == 0 && (waiting.Count == 0 || waiting.Count == stillWaiting))
                {
                    break;
                }
            }

            draining = blocked || MayGoOn;
            EndIfSent();
            return !draining;
        }
        catch (Exception broken)
        {
            draining = false;
            Fail(broken);
            return true;
        }
    }

    private bool MayGoOn => waiting.Count > 0 && (!transferring || waiting[0].OfTransfer);

    // False: the transport takes no more now.
    private bool SendWhatGoes()
    {
        unflushed = 0;
        while (unsent > 0)
        {
            int count = owner.Transport.TrySend(blocks.Head!, blocks.Start);
            if (count == SocketDevice.WouldBlock)
            {
                return false;
            }

            if (count < 0)
            {
                throw Broken(count);
            }

            Sent(count);
        }

        return true;
    }

    private void EndIfSent()
    {
        if (completed && IsEmpty && failure is null && !owner.IsClosed)
        {
            owner.Transport.ShutdownSend();
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
        failure ??= why;
        OnClosed(failure);
    }

    // A second throw of one exception object would grow its trace; and each write has its own failure.
    private static Exception Again(Exception first) => first switch
    {
        ObjectDisposedException closed => new ObjectDisposedException(closed.ObjectName, closed.Message),
        _ => new IOException(first.Message, first),
    };

    private void Clear()
    {
        if (lent || owner.Transport.HoldsOutput)
        {
            blocks.Forget();
        }
        else
        {
            blocks.Clear(owner.Buffers);
        }

        unsent = 0;
        unflushed = 0;
    }

    /// <summary>Waits for the transport on behalf of what stands in the pipe.</summary>
    private sealed class Drain(OutputPipe pipe) : SocketWaiter
    {
        internal override bool TryAgain() => pipe.GoOnDraining();

        internal override void OnClosed(Exception reason)
        {
            pipe.draining = false;
            pipe.OnClosed(reason);
        }

        internal override void Execute() => throw new InvalidOperationException("It only waits.");
    }
}
