namespace EventLoop.Hosting;

/// <summary>A body that is read as a stream, within the deadline of its request.</summary>
internal sealed class DeadlineStream(Stream inner, RequestDeadline limit) : Stream
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

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("The body of an answer cannot seek.");

    public override void SetLength(long value) => throw new NotSupportedException("The body of an answer is only read.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("The body of an answer is only read.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
