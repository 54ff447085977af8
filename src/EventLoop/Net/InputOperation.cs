using System.IO.Pipelines;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Net;

internal enum InputKind : byte
{
    /// <summary>What a PipeReader's read is: at least something that was not examined yet.</summary>
    Read,

    /// <summary>More than there is now.</summary>
    More,

    /// <summary>Into the caller's memory.</summary>
    Receive,
}

/// <summary>One read of any kind.</summary>
internal sealed class InputOperation : PipeOperation, ICoroutineSource<int>, ICoroutineSource<ReadResult>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private InputPipe? pipe;
    private InputKind kind;
    private Memory<byte> buffer;
    private int count;
    private bool cancelled;

    private protected override Connection Owner => pipe!.Owner;

    private protected override Connection? OwnerIfAny => pipe?.Owner;

    private protected override string What => "read from";

    internal static InputOperation Rent(InputPipe pipe, InputKind kind, Memory<byte> buffer = default)
    {
        var operation = LoopCore.Running?.Pools.TryRent<InputOperation>(Slot) ?? new();
        operation.Make();
        operation.pipe = pipe;
        operation.kind = kind;
        operation.buffer = buffer;
        return operation;
    }

    int ICoroutineSource<int>.EndWithResult(long token)
    {
        var thrown = Finish(token);
        int result = count;
        Drop();
        return thrown is null ? result : throw thrown;
    }

    ReadResult ICoroutineSource<ReadResult>.EndWithResult(long token)
    {
        var thrown = Finish(token);
        var from = pipe!;
        bool was = cancelled;
        Drop();
        return thrown is null ? from.Result(was) : throw thrown;
    }

    /// <summary>PipeReader.CancelPendingRead.</summary>
    internal void CancelRead()
    {
        cancelled = true;
        Leave();
        Wake();
    }

    private protected override bool Try()
    {
        if (kind == InputKind.Read && pipe!.TakeCancelRequest())
        {
            cancelled = true;
            return true;
        }

        try
        {
            return pipe!.Try(kind, buffer, out count);
        }
        catch (Exception failure)
        {
            Failure = failure;
            return true;
        }
    }

    private protected override Exception? Wait() => pipe!.Wait(this);

    private protected override void Leave() => pipe!.Leave(this);

    internal override bool TryAgain()
    {
        if (!base.TryAgain())
        {
            return false;
        }

        pipe?.Left(this);
        return true;
    }

    internal override void OnClosed(Exception reason)
    {
        pipe!.Left(this);
        base.OnClosed(reason);
    }

    private protected override void Recycle(LoopCore core)
    {
        pipe = null;
        buffer = default;
        cancelled = false;
        core.Pools.Return(this, Slot);
    }
}
