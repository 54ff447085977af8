using System.IO.Pipelines;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>One write, or a flush, which is a write of nothing: complete when what is left unsent is below the mark.</summary>
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
    private bool isCut;        // it failed in its middle while it stood in the queue

    private protected override StreamEnd Owner => pipe!.Owner;

    private protected override StreamEnd? OwnerIfAny => pipe?.Owner;

    private protected override string What => "write to";

    /// <summary>Whether it is part of a file that is under way, which others wait for.</summary>
    internal bool OfTransfer { get; private set; }

    /// <param name="pipe">Where to.</param>
    /// <param name="bytes">What, behind what stands in the pipe already.</param>
    /// <param name="drain">Wait until nothing is left unsent at all.</param>
    /// <param name="reserves">When it is done a transfer has begun, before anybody else is let in.</param>
    /// <param name="ofTransfer">It belongs to the transfer that is under way.</param>
    /// <param name="ofWriter">It is a call on the PipeWriter, which CancelPendingFlush may call off.</param>
    /// <param name="cancelled">It was called off before it began.</param>
    /// <param name="upgrades">It is the start of TLS, during which others are refused.</param>
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
    /// PipeWriter.CancelPendingFlush: ends the wait, but nothing of what was written is lost. Bytes that are not in the pipe yet go there first, behind those
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

    /// <summary>It is its turn again. True when it is complete, or has failed: its waiter is woken by <see cref="End"/>, when it has left the queue.</summary>
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
            }

            if (!(first ? pipe!.TryBegin(ref rest, drain, OfTransfer) : pipe!.TryContinue(ref rest, drain))
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
