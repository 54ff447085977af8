namespace EventLoop.Hosting;

/// <summary>A body that is read as a stream, within the deadline of its request.</summary>
/// <param name="inner">The body.</param>
/// <param name="limit">The deadline.</param>
/// <param name="arrivesAnywhere">Whether it is known to arrive without any loop.</param>
internal sealed class DeadlineStream(Stream inner, RequestDeadline limit, bool arrivesAnywhere) : Stream
{
    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("The body of an answer has no length as a stream.");

    public override long Position
    {
        get => throw new NotSupportedException("The body of an answer has no position.");
        set => throw new NotSupportedException("The body of an answer has no position.");
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        new(limit.RunAsync(inner, static (inner, buffer, token) => inner.ReadAsync(buffer, token).AsTask(), buffer, cancellationToken));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsMemory(offset, count), CancellationToken.None);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("The body of an answer cannot seek.");

    public override void SetLength(long value) => throw new NotSupportedException("The body of an answer is only read.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("The body of an answer is only read.");

    /// <summary>The rest of the body, read synchronously.</summary>
    internal void CopyTo(Stream destination, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[8192];
        while (Read(buffer, cancellationToken) is > 0 and var count)
        {
            destination.Write(buffer, 0, count);
        }
    }

    // A synchronous read of the stream inside would heed no deadline. Where the body may arrive on the loop whose thread this is, nothing could end the wait:
    // there the connection refuses it.
    private int Read(Memory<byte> buffer, CancellationToken cancellationToken) =>
        !Loop.TryGetCurrent(out _) ? ReadAsync(buffer, cancellationToken).AsTask().GetAwaiter().GetResult()
        // Away from the loop's context, where what comes next would wait for this thread.
        : arrivesAnywhere ? Task.Run(() => ReadAsync(buffer, cancellationToken).AsTask(), CancellationToken.None).GetAwaiter().GetResult()
        : inner.Read(buffer.Span);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
