using System.IO.Pipelines;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Net;

/// <summary>One write, or a flush, which is a write of nothing: complete when what is left unsent is below the mark.</summary>
internal sealed class OutputOperation : PipeOperation, ICoroutineSource<int>, ICoroutineSource<FlushResult>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private OutputPipe? pipe;
    private ReadOnlyMemory<byte> rest;
    private int count;
    private bool drain;
    private bool reserves;
    private bool begun;
    private bool cancelled;

    private protected override Connection Owner => pipe!.Owner;

    private protected override Connection? OwnerIfAny => pipe?.Owner;

    private protected override string What => "write to";

    /// <summary>It is part of a file that is under way, which others wait for.</summary>
    internal bool OfTransfer { get; private set; }

    /// <param name="pipe">Where to.</param>
    /// <param name="bytes">What, behind what stands in the pipe already.</param>
    /// <param name="drain">Wait until nothing is left unsent at all.</param>
    /// <param name="reserves">When it is done a transfer has begun, before anybody else is let in.</param>
    /// <param name="ofTransfer">It belongs to the transfer that is under way.</param>
    internal static OutputOperation Rent(OutputPipe pipe, ReadOnlyMemory<byte> bytes, bool drain = false, bool reserves = false, bool ofTransfer = false)
    {
        var operation = LoopCore.Running?.Pools.TryRent<OutputOperation>(Slot) ?? new();
        operation.Make();
        operation.pipe = pipe;
        operation.rest = bytes;
        operation.count = bytes.Length;
        operation.drain = drain;
        operation.reserves = reserves;
        operation.OfTransfer = ofTransfer;
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

    /// <summary>PipeWriter.CancelPendingFlush.</summary>
    internal void CancelFlush()
    {
        cancelled = true;
        Leave();
        Wake();
    }

    private protected override bool Try()
    {
        try
        {
            bool first = !begun;
            begun = true;
            if (!(first ? pipe!.TryBegin(ref rest, drain, OfTransfer) : pipe!.TryGoOn(ref rest, drain)))
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
            return true;
        }
    }

    private protected override Exception? Wait()
    {
        pipe!.Enqueue(this);
        return null;
    }

    private protected override void Leave() => pipe!.Leave(this, isCutShort: !rest.IsEmpty && rest.Length < count);

    private protected override void Recycle(LoopCore core)
    {
        pipe = null;
        rest = default;
        begun = false;
        cancelled = false;
        core.Pools.Return(this, Slot);
    }
}
