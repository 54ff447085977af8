using System.IO.Pipelines;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

// As a PipeWriter. What GetMemory lends is the free part of the last block. Until Advance says how much of it is used, nobody else writes there, it is not
// sent, and the block does not return to the pool: what others write meanwhile precedes it, in blocks of their own.
internal sealed partial class OutputPipe
{
    private BufferSegment? loan;          // lent, until Advance comes; the last block, or no longer one of the chain
    private LoopContext? lender;          // the one who asked for it
    private bool isTakenOver;             // somebody else asked before the borrower was finished
    private BufferSegment? renewable;     // after an Advance: the block whose rest the same borrower may still fill
    private int renewableLength;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => unflushed;

    /// <summary>Whether all writers count as one, on whatever thread: for a library that orders its calls itself.</summary>
    internal bool HasOneBorrower { get; set; }

    private LoopContext? Borrower => HasOneBorrower ? null : owner.Core.Current;

    /// <summary>Whether TLS is being started, so that what is written now must not be sent in clear text.</summary>
    internal bool IsUpgrading { get; set; }

    internal void VerifyNotUpgrading()
    {
        if (IsUpgrading)
        {
            throw new InvalidOperationException("TLS is being started on this connection: what is written now might go out in clear text. Await "
                + "StartTlsAsync first.");
        }
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => Lend(sizeHint).Free;

    public override Span<byte> GetSpan(int sizeHint = 0) => Lend(sizeHint).Free.Span;

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        owner.VerifyAccess();
        if (loan is null)
        {
            AdvanceAgain(bytes);
            return;
        }

        var segment = loan;
        if (isTakenOver && !ReferenceEquals(lender, Borrower))
        {
            throw new InvalidOperationException(
                "Another task has asked for memory of this Output since: what was written to the memory that was lent before is not sent. One task at a time "
                    + "uses Output; others call WriteAsync of the connection.");
        }

        if (bytes > segment.FreeLength)
        {
            throw new InvalidOperationException($"Advance({bytes}) goes beyond the memory that GetMemory or GetSpan gave.");
        }

        if (bytes > 0)
        {
            VerifyMayAdd();
        }

        bool isStrict = isTakenOver;
        loan = null;
        lender = null;
        isTakenOver = false;
        if (failure is not null)
        {
            return;      // the flush reports it
        }

        bool isApart = !ReferenceEquals(segment, blocks.Tail);
        if (bytes > 0)
        {
            if (isApart)
            {
                blocks.Append(segment);
            }

            Add(segment, bytes);
            (renewable, renewableLength) = (isStrict ? null : segment, segment.FreeLength);
        }
        else if (isApart)
        {
            owner.Buffers.Return(segment);
        }
        else if (unsent == 0)
        {
            Clear();         // an idle connection holds no block
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => Begin(default, cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        Begin(source, cancellationToken);

    public override void CancelPendingFlush()
    {
        owner.VerifyAccess();
        if (Flushing is { } flush)
        {
            Flushing = null;
            flush.CancelFlush(isNext: !transferring && waiting.First is { } next && ReferenceEquals(Operation(next), flush));
        }
        else
        {
            cancelRequested = true;
        }
    }

    /// <summary>Ends the sending direction after what was written.</summary>
    public override void Complete(Exception? exception = null)
    {
        owner.VerifyAccess();
        if (completed)
        {
            return;
        }

        if (exception is null)
        {
            VerifyNotUpgrading();
        }

        completed = true;
        if (exception is not null)
        {
            owner.Abort();
            return;
        }

        if (transferring)
        {
            return;      // the end comes after the file
        }

        try
        {
            Send();
        }
        catch (IOException)
        {
            // The reader of this connection is notified.
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

        bool called = cancelRequested;
        cancelRequested = false;
        if (called && bytes.IsEmpty)
        {
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: true, isCompleted: false));
        }

        var operation = OutputOperation.Rent(this, bytes, ofWriter: true, cancelled: called);
        return ValueTaskBridge<FlushResult>.Begin(owner.Core, operation, operation.Version, raw: false, cancellationToken);
    }

    private BufferSegment Lend(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        owner.VerifyAccess();
        VerifyUsable();
        VerifyMayAdd();
        int least = Math.Max(sizeHint, 1);
        var here = Borrower;
        if (loan is not null && HasOneBorrower && (loan.FreeLength >= least || unsent == 0 || loan.End > 0))
        {
            loan = loan.FreeLength >= least ? loan : null;      // what was lent before is not written to any more
        }
        else if (loan is not null)
        {
            // Usually this is the same borrower, who wants more; but there may be two that know nothing of each other, and then one of them still writes to
            // what was lent.
            loan.Exempt();
            isTakenOver |= !ReferenceEquals(lender, here);
            if (isTakenOver || loan.FreeLength < least)
            {
                TakeBack();
            }
        }

        loan ??= Room(least);
        lender = here;
        renewable = null;
        return loan;
    }

    // Nobody uses its free part any more, and it does not return to the pool.
    private void TakeBack()
    {
        if (ReferenceEquals(loan, blocks.Tail))
        {
            if (unsent == 0)
            {
                blocks.Forget();
            }
            else
            {
                loan!.Split();
            }
        }

        loan = null;
    }

    // What is written now precedes what the borrower has not finished.
    private void SetLoanApart()
    {
        if (loan is null || !ReferenceEquals(loan, blocks.Tail))
        {
            return;
        }

        if (loan.End == 0 && ReferenceEquals(loan, blocks.Head))
        {
            blocks.Forget();
        }
        else
        {
            loan = loan.Split();
        }
    }

    // A second Advance after one GetMemory: some writers fill a block in pieces.
    private void AdvanceAgain(int bytes)
    {
        if (bytes == 0 || failure is not null)
        {
            return;
        }

        VerifyMayAdd();
        if (renewable is null || !ReferenceEquals(renewable, blocks.Tail) || renewable.FreeLength != renewableLength || bytes > renewableLength)
        {
            throw new InvalidOperationException($"Advance({bytes}) without memory: ask for it with GetMemory or GetSpan, and again after each flush.");
        }

        Add(renewable, bytes);
        renewableLength -= bytes;
    }

    private void Add(BufferSegment segment, int bytes)
    {
        segment.Fill(bytes);
        unsent += bytes;
        unflushed += bytes;
        AssertInvariants();
    }

    private void VerifyMayAdd()
    {
        VerifyNotUpgrading();
        if (completed && !owner.IsClosed)
        {
            VerifyUsable();
        }
    }
}
