using System.IO.Pipelines;
using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

internal enum InputKind : byte
{
    /// <summary>The read of a PipeReader: at least something that was not examined yet.</summary>
    Read,

    /// <summary>More than there is now.</summary>
    More,

    /// <summary>Into the caller's memory.</summary>
    Receive,
}

/// <summary>One read of any kind.</summary>
[StackTraceHidden]
internal sealed class InputOperation : PipeOperation, ICoroutineSource<int>, ICoroutineSource<ReadResult>
{
    private static readonly int Slot = ItemPools.NewSlot();

    private InputPipe? pipe;
    private InputKind kind;
    private Memory<byte> buffer;
    private int count;
    private bool begun;
    private bool isPart;
    private bool cancelled;

    private protected override StreamOwner Owner => pipe!.Owner;

    private protected override StreamOwner? OwnerIfAny => pipe?.Owner;

    private protected override string What => "read from";

    /// <param name="pipe">The source.</param>
    /// <param name="kind">What is read.</param>
    /// <param name="buffer">The destination, for <see cref="InputKind.Receive"/>.</param>
    /// <param name="isPart">Whether it belongs to the read that has the pipe to itself.</param>
    internal static InputOperation Rent(InputPipe pipe, InputKind kind, Memory<byte> buffer = default, bool isPart = false)
    {
        var operation = LoopCore.Running?.Pools.TryRent<InputOperation>(Slot) ?? new();
        operation.Make();
        operation.pipe = pipe;
        operation.kind = kind;
        operation.buffer = buffer;
        operation.isPart = isPart;
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

    /// <summary>PipeReader.CancelPendingRead: whoever awaits it is told, also where the outcome is there already. False: it is not a read of the
    /// PipeReader.</summary>
    internal bool CancelRead()
    {
        if (kind != InputKind.Read)
        {
            return false;
        }

        cancelled = true;
        if (IsParked)
        {
            GiveUpWait();
            pipe!.Occupy(this);      // until its waiter has the outcome: a second request means the same read
        }

        return true;
    }

    private protected override bool Try()
    {
        if (!begun)
        {
            begun = true;
            if (pipe!.GetReadRefusal(isPart) is { } refused)
            {
                Failure = refused;
                return true;
            }
        }

        if (kind == InputKind.Read && pipe!.TakeCancelRequest())
        {
            cancelled = true;
            return true;
        }

        try
        {
            bool done = pipe!.Try(kind, buffer, out count);
            if (done && kind == InputKind.Read)
            {
                pipe.Occupy(this);
            }

            return done;
        }
        catch (Exception failure)
        {
            Failure = failure;
            return true;
        }
    }

    private protected override Exception? Wait(WaitNode awaiting) => pipe!.Wait(this);

    private protected override void Leave(WaitNode awaiting) => pipe!.Leave(this);

    private protected override void Recycle(LoopCore core)
    {
        pipe!.Ended(this);
        pipe = null;
        buffer = default;
        begun = false;
        cancelled = false;
        core.Pools.Return(this, Slot);
    }
}
