using System.IO.Pipelines;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>One write, or a flush, which is an empty write: complete when what is unsent is below the mark.</summary>
[StackTraceHidden]
internal sealed class OutputOperation : PipeOperation, ICoroutineSource<int>, ICoroutineSource<FlushResult>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private OutputPipe? pipe;
    private ReadOnlyMemory<byte> rest;
    private int count;
    private bool drain;
    private bool reserves;
    private bool begun;
    private bool ofWriter;
    private bool upgrades;
    private bool cancelled;
    private bool isCut;        // it failed in its middle while it was in the queue

    private protected override StreamOwner Owner => pipe!.Owner;

    private protected override StreamOwner? OwnerIfAny => pipe?.Owner;

    private protected override string What => "write to";

    /// <summary>Whether it is part of a file transfer in progress, for which others wait.</summary>
    internal bool OfTransfer { get; private set; }

    /// <param name="pipe">The destination.</param>
    /// <param name="bytes">What is written, after what is in the pipe already.</param>
    /// <param name="drain">Whether it waits until nothing at all is unsent.</param>
    /// <param name="reserves">Whether a transfer has begun when it completes, before anybody else is let in.</param>
    /// <param name="ofTransfer">Whether it is a part of the file in progress: its bytes must not change even if it is cancelled.</param>
    /// <param name="ofWriter">Whether it is a call on the PipeWriter, which CancelPendingFlush may cancel.</param>
    /// <param name="cancelled">Whether it was cancelled before it began.</param>
    /// <param name="upgrades">Whether it starts TLS, during which others are refused.</param>
    internal static OutputOperation Rent(
        OutputPipe pipe, ReadOnlyMemory<byte> bytes, bool drain = false, bool reserves = false, bool ofTransfer = false, bool ofWriter = false,
            bool cancelled = false, bool upgrades = false)
    {
        var operation = LoopCore.Running?.Pools.TryRent<OutputOperation>(Slot) ?? new();
        operation.Make();
        operation.pipe = pipe;
        operation.rest = bytes;
        operation.count = bytes.Length;
        operation.drain = drain;
        operation.reserves = reserves;
        operation.OfTransfer = ofTransfer;
        operation.ofWriter = ofWriter;
        operation.cancelled = cancelled;
        operation.upgrades = upgrades;
        return operation;
    }

    int ICoroutineSource<int>.EndWithResult(long token)
    {
        var thrown = Finish(token);
        int result = count;
        Drop();
        return thrown is null ? result : throw thrown;
    }

    FlushResult ICoroutineSource<FlushResult>.EndWithResult(long token)
    {
        var thrown = Finish(token);
        bool was = cancelled;
        Drop();
        return thrown is null ? new FlushResult(was, isCompleted: false) : throw thrown;
    }

    /// <summary>Whether part of its bytes is in the pipe or sent, and part is not.</summary>
    internal bool HasBegunToGo => !rest.IsEmpty && rest.Length < count;

    /// <summary>
    /// PipeWriter.CancelPendingFlush: ends the wait without losing anything that was written. Bytes that are not in the pipe yet go there first, after those
    /// that were written before them.
    /// </summary>
    internal void CancelFlush(bool isNext)
    {
        cancelled = true;
        if (rest.IsEmpty || (isNext && Try()))
        {
            GiveUpWait();
        }
    }

    /// <summary>Tries again in its turn. True when it has completed or failed: its waiter is woken by <see cref="End"/>, when it has left the queue.</summary>
    internal bool TryContinue() => Try();

    internal void End()
    {
        var (from, why, cut) = (pipe!, Failure, isCut);
        Wake();
        if (cut)
        {
            from.Cut(why!);
        }
    }

    private protected override bool Try()
    {
        bool first = !begun;
        begun = true;
        try
        {
            if (first && !upgrades)
            {
                pipe!.VerifyNotUpgrading();
                if (reserves)
                {
                    pipe.VerifyNotClosing();
                }
            }

            if (!(OfTransfer ? pipe!.TryTransfer(ref rest) : first ? pipe!.TryBegin(ref rest, drain) : pipe!.TryContinue(ref rest, drain))
                && !(cancelled && (!first || pipe.IsFree) && pipe.TryTake(ref rest)))
            {
                return false;
            }

            if (reserves)
            {
                pipe.BeginTransfer();
            }

            return true;
        }
        catch (Exception failure)
        {
            Failure = failure;
            if (HasBegunToGo && !pipe!.IsBroken)
            {
                // What it was given threw in the middle.
                if (first)
                {
                    pipe.Cut(failure);
                }
                else
                {
                    isCut = true;
                }
            }

            return true;
        }
    }

    private protected override Exception? Wait(WaitNode awaiting)
    {
        pipe!.Enqueue(awaiting, OfTransfer);
        if (ofWriter)
        {
            pipe.Flushing = this;
        }

        return null;
    }

    private protected override void Leave(WaitNode awaiting)
    {
        pipe!.Leave(awaiting);
        if (HasBegunToGo)
        {
            pipe.Cut(new IOException("A write was cancelled after part of it had gone; the stream cannot go on."));
        }
    }

    private protected override void Recycle(LoopCore core)
    {
        pipe!.Forget(this);
        pipe = null;
        rest = default;
        begun = false;
        cancelled = false;
        isCut = false;
        core.Pools.Return(this, Slot);
    }
}
