using System.Buffers;
using System.Collections.Concurrent;
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
    private PostedWrite? away;                 // written on another thread and not flushed yet
    private bool isLentHere;
    private long unflushed;

    // Any thread.
    private ConcurrentQueue<PostedWrite>? posted;
    private int postedBytes;
    private int isCatchUpDue;

    internal RawOutput(RawConnection owner)
    {
        this.owner = owner;
        pipe = owner.Connection.Out;
        pipe.HasOneBorrower = true;
        core = owner.Core;
        turnEnd = new TurnEnd(this);
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
            CatchUp();
            isLentHere = true;
            return pipe.GetMemory(sizeHint);
        }

        isLentHere = false;
        return (away ??= new PostedWrite(this)).GetMemory(sizeHint);
    }

    /// <summary>Any thread.</summary>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Any thread.</summary>
    public override void Advance(int bytes)
    {
        unflushed += bytes;
        if (!isLentHere)
        {
            away!.Advance(bytes);
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
            return FlushFromElsewhere();
        }

        CatchUp();
        if (broken || owner.Connection.IsClosed)
        {
            return Result();
        }

        if (pipe.Unsent < MostDeferred)
        {
            Defer();
            return Result();
        }

        if (TrySend())
        {
            return Result();
        }

        var operation = OutputOperation.Rent(pipe, default);
        return Guard(ValueTaskBridge<FlushResult>.Begin(core, operation, operation.Version, raw: true, cancellationToken));
    }

    /// <summary>Any thread.</summary>
    public override void CancelPendingFlush() => RawStep.OnLoop(core, pipe.CancelPendingFlush);

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

    private ValueTask<FlushResult> Result() => new(new FlushResult(isCanceled: false, isCompleted: broken || owner.IsGone));

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
            return pipe.TryBegin(ref nothing, drain: false, ofTransfer: false);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            Break();
            return true;
        }
    }

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

    private ValueTask<FlushResult> FlushFromElsewhere()
    {
        if (away is not { } write)
        {
            if (!isLentHere)
            {
                return Result();
            }

            write = new PostedWrite(this);      // what was written on the loop is flushed from here
        }

        away = null;
        var queue = posted ?? Interlocked.CompareExchange(ref posted, new(), null) ?? posted;
        bool mustWait = Interlocked.Add(ref postedBytes, write.Length) >= OutputPipe.HighWater;
        var sent = mustWait ? write.WaitForSent() : null;
        queue.Enqueue(write);
        if (Interlocked.Exchange(ref isCatchUpDue, 1) == 0 || sent is not null)
        {
            core.Arrive(write);
        }

        return sent is null ? Result() : new ValueTask<FlushResult>(sent);
    }

    // First what other threads wrote, in their order.
    private void CatchUp()
    {
        if (posted is null || posted.IsEmpty)
        {
            return;
        }

        Volatile.Write(ref isCatchUpDue, 0);
        Interlocked.MemoryBarrier();
        while (posted.TryDequeue(out var write))
        {
            if (!completed && !broken && !owner.Connection.IsClosed)
            {
                try
                {
                    pipe.Write(write.Written);
                }
                catch (Exception failure) when (failure is IOException or ObjectDisposedException or InvalidOperationException)
                {
                    Break();
                }
            }

            Interlocked.Add(ref postedBytes, -write.Length);
            write.ReturnBuffer();
        }
    }

    private async Task TellWhenSent(TaskCompletionSource<FlushResult> sent)
    {
        try
        {
            var operation = OutputOperation.Rent(pipe, default);
            await Guard(ValueTaskBridge<FlushResult>.Begin(core, operation, operation.Version, raw: true, CancellationToken.None)).ConfigureAwait(false);
        }
        finally
        {
            sent.TrySetResult(new FlushResult(false, isCompleted: broken || owner.IsGone));
        }
    }

    private sealed class TurnEnd(RawOutput output) : LoopItem
    {
        internal override void Execute()
        {
            output.isDeferred = false;
            output.TrySend();
        }
    }

    /// <summary>What another thread has written up to a flush, and the step that sends it.</summary>
    /// <remarks>Its bytes belong to the writer until it is posted, and to the loop from then on, which returns the shared buffer.</remarks>
    private sealed class PostedWrite(RawOutput output) : LoopItem
    {
        private const int FirstBuffer = 256;        // most are frames of a response by HTTP/2
        private const int SecondBuffer = 4096;

        private byte[] buffer = [];
        private TaskCompletionSource<FlushResult>? sent;

        internal int Length { get; private set; }

        internal ReadOnlySpan<byte> Written => buffer.AsSpan(0, Length);

        internal Memory<byte> GetMemory(int sizeHint)
        {
            int least = Math.Max(sizeHint, 1);
            if (buffer.Length - Length < least)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(
                    Math.Max(buffer.Length == 0 ? FirstBuffer : Math.Max(SecondBuffer, 2 * buffer.Length), checked(Length + least)));
                Written.CopyTo(larger);
                (byte[] left, buffer) = (buffer, larger);
                Return(left);
            }

            return buffer.AsMemory(Length);
        }

        internal void Advance(int bytes)
        {
            if ((uint)bytes > (uint)(buffer.Length - Length))
            {
                throw new ArgumentOutOfRangeException(nameof(bytes), bytes, "More was written than GetMemory had given.");
            }

            Length += bytes;
        }

        internal void ReturnBuffer()
        {
            (byte[] left, buffer, Length) = (buffer, [], 0);
            Return(left);
        }

        private static void Return(byte[] left)
        {
            if (left.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(left);
            }
        }

        internal Task<FlushResult> WaitForSent() => (sent = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        internal override void Execute()
        {
            Volatile.Write(ref output.isCatchUpDue, 0);
            output.CatchUp();
            output.Defer();
            if (sent is not null)
            {
                _ = output.TellWhenSent(sent);
            }
        }

        internal override void OnRejected(LoopCore core) => sent?.TrySetResult(new FlushResult(false, isCompleted: true));
    }
}
