using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>A connection for those who know streams only. Any thread.</summary>
/// <param name="connection">Closed with the stream.</param>
/// <param name="raw">See <see cref="Raw"/>.</param>
internal sealed class ConnectionStream(Connection connection, bool raw) : Stream
{
    private volatile bool raw = raw;         // any thread
    private volatile bool disposed;

    /// <summary>For library code: its continuations run on the loop with no context, and no task's cancellation reaches into them.</summary>
    internal bool Raw
    {
        get => raw;
        set => raw = value;
    }

    public override bool CanRead => !disposed;

    public override bool CanSeek => false;

    public override bool CanWrite => !disposed;

    public override long Length => throw new NotSupportedException("A connection has no length.");

    public override long Position
    {
        get => throw new NotSupportedException("A connection has no position.");
        set => throw new NotSupportedException("A connection has no position.");
    }

    private LoopCore Core => connection.Core;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (ReferenceEquals(LoopCore.Running, Core))
        {
            var operation = InputOperation.Rent(connection.In, InputKind.Receive, buffer);
            return ValueTaskBridge<int>.Begin(Core, operation, operation.Version, raw, cancellationToken);
        }

        return ValueTaskBridge<int>.BeginElsewhere(Core, () => InputOperation.Rent(connection.In, InputKind.Receive, buffer), raw, cancellationToken);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (ReferenceEquals(LoopCore.Running, Core))
        {
            var operation = OutputOperation.Rent(connection.Out, buffer);
            return ValueTaskBridge<int>.BeginWithoutResult(Core, operation, operation.Version, raw, cancellationToken);
        }

        return ValueTaskBridge<int>.BeginElsewhereWithoutResult(Core, () => OutputOperation.Rent(connection.Out, buffer), raw, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;       // each write is sent

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        RefuseToBlock(nameof(ReadAsync));
        return ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        RefuseToBlock(nameof(WriteAsync));
        WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A connection cannot seek.");

    public override void SetLength(long value) => throw new NotSupportedException("A connection has no length.");

    public override ValueTask DisposeAsync()
    {
        disposed = true;
        return connection.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ = DisposeAsync();
        }
    }

    private void RefuseToBlock(string instead)
    {
        if (Core.IsInLoopThread)
        {
            throw new InvalidOperationException($"This would block the thread of loop '{Core.Loop.Name}', which has to receive what it waits for. Use {instead}.");
        }
    }
}
