using System.Buffers;
using System.IO.Pipelines;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>
/// The sending half of a <see cref="RawConnection"/>, for any thread, one at a time. On the loop it writes directly into the connection's pipe, and all
/// flushes of a turn become one at its end: a library that flushes the head, the body and the end of a response separately, or the responses to a pipeline,
/// makes one system call. What other threads write is handed over when they flush.
/// </summary>
/// <remarks>Loop thread, except for what says otherwise.</remarks>
internal sealed class RawOutput : PipeWriter
{
    // How much may stay in the pipe until the end of the turn.
    private const int MostDeferred = 16 * 1024;

    private readonly RawConnection owner;
    private readonly OutputPipe pipe;
    private readonly LoopCore core;
    private readonly TurnEnd turnEnd;
    private bool isDeferred;
    private bool completed;
    private bool broken;

    // The writers, one after another.
    private bool isLentHere;
    private long unflushed;

    private PostedBytes? posted;               // what other threads have written; made by the first of them

    // Any thread.
    private readonly CatchUpStep catchUp;
    private int isCatchUpDue;                  // its step is on its way
    private bool isNextCancelled;              // CancelPendingFlush was called while no flush waited
    private long backlog;                      // what the system did not take when the loop sent last

    internal RawOutput(RawConnection owner)
    {
        this.owner = owner;
        pipe = owner.Connection.Out;
        pipe.HasOneBorrower = true;
        core = owner.Core;
        turnEnd = new TurnEnd(this);
        catchUp = new CatchUpStep(this);
    }

    private bool IsHere => ReferenceEquals(LoopCore.Running, core);

    public override bool CanGetUnflushedBytes => true;

    /// <summary>Bytes since the last flush, deferred or not: the JSON serializer keeps flushing until this falls. Any thread.</summary>
    public override long UnflushedBytes => unflushed;

    /// <summary>Any thread.</summary>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (IsHere)
        {
            CatchUpWithAll();
            isLentHere = true;
            return pipe.GetMemory(sizeHint);
        }

        isLentHere = false;
        return (posted ??= new PostedBytes()).GetMemory(sizeHint);
    }

    /// <summary>Any thread.</summary>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Any thread.</summary>
    public override void Advance(int bytes)
    {
        unflushed += bytes;
        if (!isLentHere)
        {
            posted!.Advance(bytes);
        }
        else if (IsHere)
        {
            pipe.Advance(bytes);
        }
        else
        {
            AdvanceFromElsewhere(bytes);
        }
    }

    private void AdvanceFromElsewhere(int bytes) => core.Arrive(new RawStep(() => pipe.Advance(bytes)));

    /// <summary>Any thread.</summary>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        unflushed = 0;
        if (!IsHere)
        {
            return FlushFromElsewhere(cancellationToken);
        }

        CatchUpWithAll();
        if (broken || owner.Connection.IsClosed)
        {
            return Result();
        }

        if (pipe.Unsent < MostDeferred)
        {
            Defer();
            return Result();
        }

        if (TrySend() || isNextCancelled)
        {
            return Result();
        }

        var operation = OutputOperation.Rent(pipe, default, ofWriter: true);
        return Guard(ValueTaskBridge<FlushResult>.Begin(core, operation, operation.Version, raw: true, cancellationToken));
    }

    /// <summary>Any thread. Ends the flush that waits, or else the next one; nothing that was written is lost.</summary>
    public override void CancelPendingFlush() => RawStep.OnLoop(core, CancelFlush);

    private void CancelFlush()
    {
        if (pipe.Flushing is not null)
        {
            pipe.CancelPendingFlush();
        }
        else
        {
            Volatile.Write(ref isNextCancelled, true);
        }
    }

    /// <summary>Any thread. Ends the sending direction after what was written.</summary>
    public override void Complete(Exception? exception = null) => RawStep.OnLoop(core, () =>
    {
        if (!completed)
        {
            completed = true;
            CatchUp();
            pipe.Complete();
        }
    });

    /// <summary>Sends what was deferred.</summary>
    internal void FlushNow()
    {
        CatchUp();
        if (pipe.Unsent > 0)
        {
            TrySend();
        }
    }

    private ValueTask<FlushResult> Result() => new(ResultNow());

    // Any thread.
    private FlushResult ResultNow() =>
        new(isCanceled: Volatile.Read(ref isNextCancelled) && Interlocked.Exchange(ref isNextCancelled, false), isCompleted: broken || owner.IsGone);

    private void Defer()
    {
        if (!isDeferred)
        {
            isDeferred = true;
            core.AtEndOfTurn(turnEnd);
        }
    }

    // False: more is unsent than allowed, and the flush has to wait.
    private bool TrySend()
    {
        if (completed || broken || owner.Connection.IsClosed)
        {
            return true;
        }

        try
        {
            ReadOnlyMemory<byte> nothing = default;
            return pipe.TryBegin(ref nothing, drain: false);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            Break();
            return true;
        }
    }

    // For writers on other threads. It is too high while the pipe drains by itself, which costs them one notice that comes at once.
    private void NoteBacklog() => Volatile.Write(ref backlog, pipe.Unsent);

    private void Break()
    {
        broken = true;
        owner.Gone();
    }

    // A writer is told "completed", without an exception, when nobody reads any more.
    private async ValueTask<FlushResult> Guard(ValueTask<FlushResult> flush)
    {
        try
        {
            return await flush.ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            RawStep.OnLoop(core, Break);
            return new FlushResult(isCanceled: false, isCompleted: true);
        }
    }

    // ---- What other threads write

    private ValueTask<FlushResult> FlushFromElsewhere(CancellationToken cancellation)
    {
        int outstanding = 0;
        if (!(posted?.Flush(out outstanding) ?? false) && !isLentHere)
        {
            return Result();
        }

        // What the loop has taken counts as well: where the peer takes nothing, it stays here.
        if (outstanding + Volatile.Read(ref backlog) >= OutputPipe.HighWater && !Volatile.Read(ref isNextCancelled))
        {
            var notice = new SentNotice(this, cancellation);
            core.ArriveWithOthers(notice);
            return new ValueTask<FlushResult>(notice.Sent);
        }

        // Also sends what was written on the loop and is flushed from here.
        if (Interlocked.Exchange(ref isCatchUpDue, 1) == 0)
        {
            core.ArriveWithOthers(catchUp);
        }

        return Result();
    }

    // On the loop's thread, called by the writer: includes what it has written elsewhere and not flushed.
    private void CatchUpWithAll()
    {
        if (posted is not null)
        {
            posted.Flush(out _);
            CatchUp();
        }
    }

    // First what other threads wrote, in their order.
    private void CatchUp()
    {
        while (posted is not null && posted.TryTake(out var piece))
        {
            if (!completed && !broken && !owner.Connection.IsClosed)
            {
                try
                {
                    pipe.Write(piece);
                }
                catch (Exception failure) when (failure is IOException or ObjectDisposedException or InvalidOperationException)
                {
                    Break();
                }
            }
        }
    }

    private async Task TellWhenSent(TaskCompletionSource<FlushResult> sent, CancellationToken cancellation)
    {
        bool isCancelled = false;
        try
        {
            var operation = OutputOperation.Rent(pipe, default, ofWriter: true);
            var flush = ValueTaskBridge<FlushResult>.Begin(core, operation, operation.Version, raw: true, cancellation);
            isCancelled = (await Guard(flush).ConfigureAwait(false)).IsCanceled;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            sent.TrySetCanceled(cancellation);
        }
        finally
        {
            NoteBacklog();
            sent.TrySetResult(new FlushResult(isCancelled, isCompleted: broken || owner.IsGone));
        }
    }

    private sealed class TurnEnd(RawOutput output) : LoopItem
    {
        internal override void Execute()
        {
            output.isDeferred = false;
            output.TrySend();
            output.NoteBacklog();
        }
    }

    /// <summary>Called when other threads have flushed.</summary>
    private sealed class CatchUpStep(RawOutput output) : LoopItem
    {
        internal override void Execute()
        {
            Interlocked.Exchange(ref output.isCatchUpDue, 0);      // a flush from here on posts another one
            output.CatchUp();
            output.Defer();
        }
    }

    /// <summary>Called when another thread has flushed, and waits until that is sent.</summary>
    private sealed class SentNotice(RawOutput output, CancellationToken cancellation) : LoopItem
    {
        private readonly TaskCompletionSource<FlushResult> sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task<FlushResult> Sent => sent.Task;

        internal override void Execute()
        {
            output.CatchUp();
            output.Defer();
            if (output.isNextCancelled)
            {
                sent.TrySetResult(output.ResultNow());
                return;
            }

            _ = output.TellWhenSent(sent, cancellation);
        }

        internal override void OnRejected(LoopCore core) => sent.TrySetResult(new FlushResult(false, isCompleted: true));
    }
}
