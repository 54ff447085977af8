using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using EventLoop.Polling;

namespace EventLoop.Net.Connections;

/// <summary>
/// The receiving half of a stream: a PipeReader directly on the transport. Nothing runs in the background: a read that finds nothing buffered receives into a
/// pooled block itself, and while it waits it holds no block. Loop thread only.
/// </summary>
internal sealed class InputPipe(StreamOwner owner) : PipeReader
{
    // A block with less room than this is not worth a system call.
    private const int LeastRoom = 512;

    private SegmentChain blocks;
    private long buffered;
    private bool allExamined;          // by the PipeReader's user: the next read has to bring more
    private bool ended;
    private bool completed;
    private bool cancelRequested;
    private int blockSize = BufferPool.SmallestBlock;
    private InputOperation? current;   // from the moment when it waits until its waiter has taken the outcome
    private bool taken;                // a read of several steps, such as a line, has the pipe to itself
    private bool lent;                 // a ReadResult exposes the blocks, until AdvanceTo comes
    private bool held;                 // TLS is being started: input is not for readers

    internal StreamOwner Owner => owner;

    internal long Buffered => buffered;

    internal bool HasEnded => ended;

    /// <summary>The last of the first <paramref name="count"/> bytes.</summary>
    internal byte Last(long count)
    {
        var tail = blocks.Tail!;
        long inTail = count - (buffered - (tail.End - (ReferenceEquals(tail, blocks.Head) ? blocks.Start : 0)));
        return inTail > 0
            ? tail.Memory.Span[(int)inTail - 1 + (ReferenceEquals(tail, blocks.Head) ? blocks.Start : 0)]
            : Bytes.Slice(count - 1, 1).FirstSpan[0];
    }

    internal ReadOnlySequence<byte> Bytes => buffered == 0 ? default : blocks.Bytes;

    // ---- As a PipeReader

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        VerifyNotCompleted();
        owner.VerifyAccess();
        var operation = InputOperation.Rent(this, InputKind.Read);
        return ValueTaskBridge<ReadResult>.Begin(owner.Core, operation, operation.Version, raw: false, cancellationToken);
    }

    public override bool TryRead(out ReadResult result)
    {
        VerifyNotCompleted();
        owner.VerifyAccess();
        if (GetReadRefusal(isPart: false) is { } refused)
        {
            throw refused;
        }

        if (TakeCancelRequest())
        {
            result = Result(cancelled: true);
            return true;
        }

        bool there = (buffered > 0 && !allExamined) || ended || Try(InputKind.More, default, out _);
        result = there ? Result(cancelled: false) : default;
        return there;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        owner.VerifyAccess();
        if (GetReadRefusal(isPart: false) is { } refused)
        {
            throw refused;
        }

        if (buffered == 0)
        {
            lent = false;
            return;
        }

        long used = blocks.OffsetOf(consumed);
        long seen = blocks.OffsetOf(examined);
        if (seen < used)
        {
            throw new InvalidOperationException("What is consumed is examined, too: AdvanceTo takes the consumed position first.");
        }

        lent = false;
        allExamined = seen == buffered;
        Consume(used);
    }

    public override void CancelPendingRead()
    {
        owner.VerifyAccess();
        if (current?.CancelRead() != true)
        {
            cancelRequested = true;      // meets the next read of the PipeReader; other reads are not affected
        }
    }

    public override void Complete(Exception? exception = null)
    {
        owner.VerifyAccess();
        completed = true;
        if (GetReadRefusal(isPart: false) is null)
        {
            Consume(buffered);
        }
    }

    // ---- For the connection

    internal void Consume(long count)
    {
        buffered -= count;
        blocks.Consume(count, Pool, keepLast: owner.Transport.HoldsBuffer);

        // Everything was read: an idle connection holds no memory.
        if (buffered == 0 && !owner.Transport.HoldsBuffer)
        {
            blocks.Clear(Pool);
        }

        AssertInvariants();
    }

    internal void CopyTo(Span<byte> destination) => Bytes.Slice(0, destination.Length).CopyTo(destination);

    /// <summary>For TLS: what has arrived too early belongs to the handshake, as does what arrives until <see cref="Release"/>; reads are refused
    /// meanwhile.</summary>
    internal byte[] Hold()
    {
        if (GetReadRefusal(isPart: false) is not null)
        {
            throw new InvalidOperationException("A read of this connection is under way. Await it before TLS starts.");
        }

        byte[] all = Bytes.ToArray();
        Consume(all.Length);
        held = true;
        return all;
    }

    internal void Release() => held = false;

    /// <summary>Nobody waits for the result of the pending read: it is not notified of arrivals, and does not keep the connection alive.</summary>
    internal void Pause()
    {
        if (current is { } read)
        {
            owner.Transport.Leave(read, reads: true);
        }
    }

    /// <summary>Undoes <see cref="Pause"/>.</summary>
    internal void Resume()
    {
        if (current is { IsParked: true } read)
        {
            owner.Transport.Leave(read, reads: true);
            if (!read.TryAgain() && owner.Transport.Wait(read, reads: true) is { } refused)
            {
                read.OnClosed(refused);
            }
        }
    }

    internal ReadResult Result(bool cancelled)
    {
        lent |= buffered > 0;
        return new ReadResult(Bytes, cancelled, ended);
    }

    // What a ReadResult exposes may be read until AdvanceTo, whoever consumes it meanwhile.
    private BufferPool? Pool => lent ? null : owner.Buffers;

    /// <summary>Begins a read of several steps: nobody else reads before <see cref="GiveBack"/>.</summary>
    internal void Take()
    {
        owner.VerifyAccess();
        if (GetReadRefusal(isPart: false) is { } refused)
        {
            throw refused;
        }

        taken = true;
    }

    internal void GiveBack() => taken = false;

    internal InvalidOperationException? GetReadRefusal(bool isPart) => current is null && (isPart || !taken)
        ? !held ? null : new InvalidOperationException("TLS is being started on this connection: what comes now belongs to it. Await StartTlsAsync first.")
        : new InvalidOperationException($"Another read of this {owner.Kind} is under way. Await it first: a {owner.Kind} has one reader at a time.");

    internal bool TakeCancelRequest()
    {
        bool requested = cancelRequested;
        cancelRequested = false;
        return requested;
    }

    internal Exception? Wait(InputOperation operation)
    {
        if (owner.Transport.Wait(operation, reads: true) is { } refused)
        {
            return refused;
        }

        current = operation;
        return null;
    }

    internal void Leave(InputOperation operation)
    {
        owner.Transport.Leave(operation, reads: true);
        Ended(operation);
    }

    /// <summary>Notes an operation with a result to expose; nobody else reads before that was exposed.</summary>
    internal void Occupy(InputOperation operation) => current = operation;

    /// <summary>Called when its waiter has the outcome.</summary>
    internal void Ended(InputOperation operation)
    {
        if (ReferenceEquals(current, operation))
        {
            current = null;
        }
    }

    /// <summary>True when what was requested has arrived, or the end.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    internal bool Try(InputKind kind, Memory<byte> destination, out int count)
    {
        count = 0;
        if (kind == InputKind.Receive && buffered > 0)
        {
            count = (int)Math.Min(buffered, destination.Length);
            CopyTo(destination.Span[..count]);
            Consume(count);
            return true;
        }

        if (ended || (kind == InputKind.Read && buffered > 0 && !allExamined))
        {
            return true;
        }

        if (owner.IsClosed)
        {
            throw owner.ClosedException();
        }

        if (kind == InputKind.Receive && owner.Transport.SendsDirectly)
        {
            count = owner.Transport.TryReceive(destination);
            return Settle(ref count, isEnd: count == 0 && !destination.IsEmpty);
        }

        if (!Fill())
        {
            return false;
        }

        // Through the block, because the memory of an attempt in vain may remain in use.
        if (kind == InputKind.Receive && !destination.IsEmpty)
        {
            count = (int)Math.Min(buffered, destination.Length);
            CopyTo(destination.Span[..count]);
            Consume(count);
        }

        return true;
    }

    // True when something has arrived, or the end.
    private bool Fill()
    {
        if (!owner.Transport.MayReceive)
        {
            return false;
        }

        var segment = blocks.Tail;
        if (segment is null || segment.FreeLength < LeastRoom)
        {
            segment = owner.Buffers.Rent(blockSize);
            blocks.Append(segment);
        }

        int room = segment.FreeLength;
        int count = owner.Transport.TryReceive(segment.Free);
        if (count <= 0)
        {
            if (buffered == 0 && !owner.Transport.HoldsBuffer)
            {
                blocks.Clear(owner.Buffers);
            }

            return Settle(ref count, isEnd: count == 0);
        }

        segment.Fill(count);
        buffered += count;
        allExamined = false;
        blockSize = count == room ? Math.Min(blockSize * 4, BufferPool.LargestBlock)
            : count < blockSize / 8 ? Math.Max(blockSize / 4, BufferPool.SmallestBlock)
            : blockSize;
        AssertInvariants();
        return true;
    }

    private bool Settle(ref int count, bool isEnd)
    {
        if (count == StreamDevice.WouldBlock)
        {
            return false;
        }

        if (count < 0)
        {
            throw owner.Transport.Explain(count, reads: true);
        }

        ended |= isEnd;
        return true;
    }

    internal void OnClosed(Exception reason)
    {
        if (current is { IsParked: true } read)
        {
            owner.Transport.Leave(read, reads: true);
            read.OnClosed(reason);
        }
    }

    /// <summary>Puts first what had arrived at the connection above before this one existed.</summary>
    internal void Prepend(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            var segment = owner.Buffers.Rent(bytes.Length);
            blocks.Append(segment);
            bytes.CopyTo(segment.Free.Span);
            segment.Fill(bytes.Length);
            buffered = bytes.Length;
            AssertInvariants();
        }
    }

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Debug.Assert(buffered >= 0, "No more is consumed than has come.");
        blocks.AssertHolds(buffered);
        Debug.Assert(buffered > 0 || blocks.Head is null || owner.Transport.HoldsBuffer, "An idle pipe holds no block, but for a call that is under way.");
    }

    private void VerifyNotCompleted()
    {
        if (completed)
        {
            throw new InvalidOperationException("Reading was completed: Complete() was called on this reader.");
        }
    }
}
