using System.IO.Pipelines;
using EventLoop.Coroutines;

namespace EventLoop.Net;

// As a PipeWriter.
internal sealed partial class OutputPipe
{
    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => unflushed;

    public override Memory<byte> GetMemory(int sizeHint = 0) => Lend(sizeHint).Free;

    public override Span<byte> GetSpan(int sizeHint = 0) => Lend(sizeHint).Free.Span;

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        lent = false;
        if (failure is not null)
        {
            return;      // the flush says so
        }

        if (bytes > (blocks.Tail?.FreeLength ?? 0))
        {
            throw new InvalidOperationException($"Advance({bytes}) goes beyond the memory that GetMemory or GetSpan gave.");
        }

        if (bytes > 0)
        {
            blocks.Tail!.Fill(bytes);
            unsent += bytes;
            unflushed += bytes;
        }
        else if (unsent == 0)
        {
            Clear();         // an idle connection holds no block
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => Begin(default, cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) => Begin(source, cancellationToken);

    public override void CancelPendingFlush()
    {
        owner.VerifyAccess();
        if (waiting.Count > 0)
        {
            waiting[0].CancelFlush();
        }
        else
        {
            cancelRequested = true;
        }
    }

    /// <summary>Ends the sending direction, behind what was written.</summary>
    public override void Complete(Exception? exception = null)
    {
        owner.VerifyAccess();
        if (completed)
        {
            return;
        }

        completed = true;
        if (exception is not null)
        {
            owner.Abort();
            return;
        }

        if (transferring)
        {
            return;      // its end comes behind the file
        }

        try
        {
            Send();
        }
        catch (IOException)
        {
            // The reader of this connection learns of it.
        }

        EndIfSent();
    }

    private ValueTask<FlushResult> Begin(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        owner.VerifyAccess();
        if (completed)
        {
            throw new InvalidOperationException("Writing was completed: Complete() was called on this writer.");
        }

        if (cancelRequested)
        {
            cancelRequested = false;
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: true, isCompleted: false));
        }

        var operation = OutputOperation.Rent(this, bytes);
        return ValueTaskBridge<FlushResult>.Begin(owner.Core, operation, operation.Version, raw: false, cancellationToken);
    }

    private BufferSegment Lend(int sizeHint)
    {
        owner.VerifyAccess();
        VerifyUsable();
        var segment = Room(sizeHint);
        lent = true;
        return segment;
    }
}
